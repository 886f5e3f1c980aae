using System.Text;
using Registry.Core.Errors;
using Registry.Core.Listings;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Server.Endpoints;
using Registry.Server.Memory;
using Registry.Server.Requests;
using Registry.Server.Web.Images;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Page of a manifest, by tag or by digest.</summary>
internal sealed class ImagePage(PageFrame frame, ContentInspection inspection, ReferrerOperations referrers, RequestMemory memory)
{
    // Configs of images have some KiB; the largest that anyone keeps have some hundred.
    private const long MaxConfig = 1024 * 1024;

    // Text and objects of what is read, as a multiple of its bytes.
    private const int ReadFactor = 6;

    // Beside the page, no one reads more.
    private const int MaxReferrerBytes = 64 * 1024;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Parameters.ParseReferenceToRead(request.Parameter).TryGet(out var reference, out var invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        var repository = request.Repository;
        if (!(await inspection.FindAsync(repository, reference)).TryGet(out var stored, out var error))
        {
            return error;
        }

        using var reserved = memory.Rows.Open(request.MemoryHolder);
        if (await reserved.AddAsync(Math.Min((ReadFactor * stored.Size) + MaxConfig, memory.Rows.Limit), request.Aborted) is { } refused)
        {
            return refused;
        }

        if (await inspection.ReadAsync(stored, request.Aborted) is not { } bytes)
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        var view = ImageView.Read(bytes);
        if (view is { Kind: "Image", Manifest.Config: { Size: <= MaxConfig } config }
            && await inspection.ReadBlobAsync(repository, config.Digest, MaxConfig, request.Aborted) is { } content && ImageConfig.Read(content) is { } read)
        {
            view = view.With(read);
        }

        if (!(await referrers.ListAsync(repository, stored.Digest, null, null, MaxReferrerBytes)).TryGet(out var listed, out var unlisted))
        {
            return unlisted;
        }

        var title = reference.Tag is { } tag ? $"{repository}:{tag}" : $"{repository}@{DigestPart.Short(stored.Digest)}";
        await frame.SendAsync(request, new PageHead(title, Section.Repositories), async output =>
        {
            ImageSections.WriteHead(output.Html, repository, reference, stored, view);
            ImageSections.WriteCommands(output.Html, ClientAddress.Of(request.Request), repository, reference, stored.Digest);
            await ImageSections.WriteChildrenAsync(output, repository, view);
            await ImageSections.WriteLayersAsync(output, view);
            ConfigSections.Write(output.Html, view);
            WriteReferrers(output, repository, listed);
            ImageSections.WriteManifest(output.Html, Encoding.UTF8.GetString(bytes.Span[..Math.Min(bytes.Length, ImageSections.MaxManifest)]), bytes.Length);
        });
        return null;
    }

    private static void WriteReferrers(PageOutput output, RepositoryName repository, Page<Referrer> listed)
    {
        if (listed.Items.Count == 0)
        {
            return;
        }

        var html = output.Html;
        html.Write(
            $"""
            <h2>Referrers</h2>
            <div class="scroll"><table>
            <thead><tr><th scope="col">Manifest</th><th scope="col">Type</th><th scope="col" class="number">Size</th></tr></thead>
            <tbody>

            """);
        foreach (var referrer in listed.Items)
        {
            html.Write($"<tr><td>{new DigestPart(repository, referrer.Digest)}</td><td><bdi>{referrer.ArtifactType ?? referrer.MediaType}</bdi></td>");
            html.Write($"""<td class="number">{new SizePart(referrer.Size)}</td></tr>""");
            html.Write($"\n");
        }

        html.Write($"</tbody></table></div>\n");
        if (listed.HasMore)
        {
            html.Write($"""<p class="quiet">There are more: <code>/v2/{repository.Value}/referrers/…</code> lists them all.</p>""");
        }
    }
}
