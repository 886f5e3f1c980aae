using System.Text;
using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Listings;
using Registry.Server.Endpoints;
using Registry.Server.Http;
using Registry.Server.Requests;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Page of a manifest, by tag or by digest.</summary>
internal sealed class ImagePage(PageFrame frame, ImageLoader images, InventoryOperations inventory, ReferrerOperations referrers)
{
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Parameters.ParseReferenceToRead(request.Parameter).TryGet(out var reference, out var invalid))
        {
            return invalid;
        }

        if (!QueryParameter.Find(request.Request.Query, "package").TryGet(out var package, out invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        using var reserved = images.Open(request);
        if (!(await images.LoadAsync(request, reference, reserved)).TryGet(out var image, out var error))
        {
            return error;
        }

        if (!(await images.LoadSbomAsync(request, image, reserved)).TryGet(out var sbom, out var noMemory))
        {
            return noMemory;
        }

        var (repository, digest) = (request.Repository, image.Stored.Digest);
        if (!(await ReferrerTree.ReadAsync(referrers, repository, digest)).TryGet(out var tree, out var unlisted))
        {
            return unlisted;
        }

        if (!(await inventory.FindManifestAsync(repository, digest, request.Aborted)).TryGet(out var detail, out var gone))
        {
            return gone;
        }

        var title = reference.Tag is { } tag ? $"{repository}:{tag}" : $"{repository}@{DigestPart.Short(digest)}";
        await frame.SendAsync(request, new PageHead(title, Section.Repositories), async output =>
        {
            ImageSections.WriteHead(output.Html, repository, reference, image, detail, request.MayDelete(repository));
            ImageSections.WriteCommands(output.Html, ClientAddress.Of(request.Request), repository, reference, digest);
            await ImageSections.WriteChildrenAsync(output, repository, image.View);
            await ImageSections.WriteLayersAsync(output, repository, image.View);
            ConfigSections.Write(output.Html, image.View);
            if (sbom is not null)
            {
                await SbomSection.WriteAsync(output, sbom, $"/repositories/{repository}/-/manifests/{digest}", package);
            }

            RelationSections.Write(output.Html, repository, detail);
            await tree.WriteAsync(output, repository);
            ImageSections.WriteManifest(output.Html, Encoding.UTF8.GetString(image.Bytes.Span[..Math.Min(image.Bytes.Length, ImageSections.MaxManifest)]), image.Bytes.Length);
        });
        return null;
    }
}
