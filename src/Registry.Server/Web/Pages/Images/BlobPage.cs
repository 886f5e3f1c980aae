using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Inventory.Names;
using Registry.Core.Oci;
using Registry.Server.Endpoints;
using Registry.Server.Memory;
using Registry.Server.Requests;
using Registry.Server.Web.Pages.Lists;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Page of a blob: why its repository keeps it.</summary>
internal sealed class BlobPage(PageFrame frame, InventoryOperations inventory, ManifestNames names, RequestMemory memory)
{
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Digest.TryParse(request.Parameter, out var digest))
        {
            return Parameters.InvalidDigest(request.Parameter);
        }

        request.TakeTurns();
        using var reserved = memory.Rows.Open(request.MemoryHolder);
        if (await reserved.AddAsync(Math.Min(ManifestTable.BytesOfRow * InventoryOperations.MostNamed, memory.Rows.Limit), request.Aborted) is { } refused)
        {
            return refused;
        }

        var repository = request.Repository;
        if (!(await inventory.FindBlobAsync(repository, digest, request.Aborted)).TryGet(out var blob, out var unknown))
        {
            return unknown;
        }

        var holders = await names.FindHoldersAsync(repository, blob.Manifests.Where(one => one.Tags.Count == 0).Select(one => one.Digest), request.Aborted);
        await frame.SendAsync(request, new PageHead($"{repository}@{DigestPart.Short(digest)}", Section.Repositories), async output =>
        {
            var html = output.Html;
            html.Write($"""<div class="crumbs"><a href="/">Repositories</a> › <a href="/repositories/{repository.Value}">{repository.Value}</a> ›</div>""");
            html.Write($"""<div class="title"><h1>{DigestPart.Short(digest)}</h1><span class="kind">Blob</span></div>""");
            html.Write($"""<dl class="facts"><dt>Digest</dt><dd><code data-copy="the digest">{digest.Value}</code></dd><dt>Size</dt><dd>{new SizePart(blob.Size)}</dd>""");
            html.Write($"<dt>Kept</dt><dd>{Describe(blob)}</dd></dl>\n");
            if (blob.Manifests.Count > 0)
            {
                html.Write($"<h2>Needed by</h2>\n");
                await ManifestTable.WriteAsync(output, repository, blob.Manifests, new Selection(repository, url: null, isAll: false), holders);
                if (blob.HasMoreManifests)
                {
                    html.Write($"""<p class="quiet">More manifests need it.</p>""");
                }
            }

            if (blob.DeletedManifests.Count > 0)
            {
                html.Write($"""<h2>In the trash</h2><p>Deleted manifests that need it, too; see <a href="/repositories/{repository.Value}/-/trash">the trash</a>:</p><ul class="lines">""");
                foreach (var deleted in blob.DeletedManifests)
                {
                    html.Write($"<li>{new DigestPart(null, deleted)}</li>");
                }

                html.Write($"</ul>\n");
            }
        });
        return null;
    }

    /// <summary>Why a blob is kept, in a sentence.</summary>
    public static string Describe(BlobDetail blob) => blob switch
    {
        { Manifests.Count: > 0 } => "Manifests of this repository need it. It goes some time after the last of them is deleted.",
        { DeletedManifests.Count: > 0 } => "Only deleted manifests need it. It goes some time after they have left the trash.",
        { IsPinned: true } => "Nothing needs it, but something in the repository cannot be read, so nothing there goes.",
        { ExpiresAfterSeconds: { } left and > 0 } => $"Nothing needs it. It goes after {DurationText.Of(TimeSpan.FromSeconds(left))} of running time, unless a client asks for it or a manifest needs it.",
        _ => "Nothing needs it. It goes with the next cycle of the collector.",
    };
}
