using System.Text;
using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Inventory.Names;
using Registry.Core.Listings;
using Registry.Server.Endpoints;
using Registry.Server.Http;
using Registry.Server.Memory;
using Registry.Server.Requests;
using Registry.Server.Web.Images;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Page of a manifest, by tag or by digest.</summary>
internal sealed class ImagePage(PageFrame frame, ImageLoader images, InventoryOperations inventory, ManifestNames names, ReferrerOperations referrers)
{
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Parameters.ParseReferenceToRead(request.Parameter).TryGet(out var reference, out var invalid))
        {
            return invalid;
        }

        if (!QueryParameter.Find(request.Request.Query, "package").TryGet(out var package, out invalid)
            || !QueryParameter.Find(request.Request.Query, "platform").TryGet(out var platform, out invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        using var reserved = images.Open(request);
        if (!(await images.LoadAsync(request, reference, reserved)).TryGet(out var image, out var error))
        {
            return error;
        }

        var platforms = PlatformChoice.Of(image.View);
        if (platform is not null && !(await LoadPlatformAsync(request, platform, platforms, reserved)).TryGet(out image, out error))
        {
            return error;
        }

        if (!(await LoadSbomAsync(request, image, platform, reserved)).TryGet(out var sbom, out var noMemory))
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

        var parents = await names.FindTagsAsync(repository, detail.Parents.Take(RelationSections.Shown), request.Aborted);
        var title = reference.Tag is { } tag ? $"{repository}:{tag}" : $"{repository}@{DigestPart.Short(reference.Digest ?? digest)}";
        title = platform is null ? title : $"{title} ({platform})";
        var path = $"/repositories/{repository}/-/{(reference.Tag is null ? "manifests" : "tags")}/{reference}";
        await frame.SendAsync(request, new PageHead(title, Section.Repositories), async output =>
        {
            ImageSections.WriteHead(output.Html, repository, reference, image, detail, request.OffersDeletion);
            output.Html.Write($"{new PlatformTabs(path, platforms, platform)}");
            CommandSection.Write(output.Html, ClientAddress.Of(request.Request), repository, reference, digest, platform);
            await ImageSections.WriteChildrenAsync(output, repository, image.View);
            await ImageSections.WriteLayersAsync(output, repository, image.View);
            ConfigSections.Write(output.Html, image.View);
            if (sbom is not null)
            {
                await SbomSection.WriteAsync(output, sbom, $"/repositories/{repository}/-/manifests/{digest}", package);
            }

            RelationSections.Write(output.Html, repository, detail, parents, request.Mirrored?.Upstream);
            await tree.WriteAsync(output, repository);
            ImageSections.WriteManifest(output.Html, Encoding.UTF8.GetString(image.Bytes.Span[..Math.Min(image.Bytes.Length, ImageSections.MaxManifest)]), image.Bytes.Length);
        });
        return null;
    }

    private async Task<Result<LoadedImage>> LoadPlatformAsync(RequestContext request, string platform, IReadOnlyList<ImageChild> platforms, MemoryReservation reserved)
    {
        if (platforms.FirstOrDefault(child => child.Platform == platform) is not { } chosen)
        {
            return new RegistryError(
                RegistryErrorCode.ManifestUnknown,
                $"the manifest has no platform '{Parameters.Echo(platform)}'{(platforms.Count == 0 ? "" : $"; it has: {string.Join(", ", platforms.Select(child => child.Platform))}")}");
        }

        return await images.LoadAsync(request, chosen.Manifest.Digest, reserved);
    }

    // A page reads two of manifest, image and bill of materials. The image of a platform has no bill of its own.
    private async Task<Result<Sbom?>> LoadSbomAsync(RequestContext request, LoadedImage image, string? platform, MemoryReservation reserved) =>
        platform is null ? await images.LoadSbomAsync(request, image, reserved) : (Sbom?)null;
}
