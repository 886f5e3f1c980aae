using Registry.Core.Errors;
using Registry.Core.Listings;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Server.Http;
using Registry.Server.Requests;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Page of a repository: its tags.</summary>
internal sealed class RepositoryPage(PageFrame frame, ListOperations lists, ContentInspection inspection)
{
    // Each row is a lookup of its manifest.
    private const int PageSize = 50;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!QueryParameter.Find(request.Request.Query, "last").TryGet(out var last, out var invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        var repository = request.Repository;
        if (!(await lists.ListTagsAsync(repository, last, PageSize)).TryGet(out var page, out var error))
        {
            return error;
        }

        var rows = new List<(string Tag, StoredManifest? Manifest)>();
        foreach (var name in page.Items)
        {
            rows.Add((name, Tag.TryParse(name, out var tag) ? (await inspection.FindAsync(repository, tag)) is { Error: null, Value: var found } ? found : null : null));
        }

        await frame.SendAsync(request, new PageHead(repository.Value, Section.Repositories), async output =>
        {
            output.Html.Write($"{new RepositoryHead(repository, "tags")}");
            if (rows.Count == 0)
            {
                output.Html.Write($"""<p class="empty">{(last is null ? "This repository has no tags. Its manifests can be pulled by digest." : "There are no further tags.")}</p>""");
            }
            else
            {
                await WriteTagsAsync(output, repository, rows);
            }

            Pager.Write(output.Html, $"/repositories/{repository.Value}", [], page.HasMore ? ("last", page.Items[^1]) : null, last is not null);
        });
        return null;
    }

    private static async Task WriteTagsAsync(PageOutput output, RepositoryName repository, List<(string Tag, StoredManifest? Manifest)> rows)
    {
        var html = output.Html;
        html.Write(
            $"""
            <div class="scroll"><table>
            <thead><tr><th scope="col">Tag</th><th scope="col">Kind</th><th scope="col">Digest</th><th scope="col"><span class="quiet">Changes</span></th></tr></thead>
            <tbody>

            """);
        foreach (var (tag, manifest) in rows)
        {
            html.Write($"""<tr><th scope="row" class="name"><a href="/repositories/{repository.Value}/-/tags/{tag}">{tag}</a></th>""");

            // Deleted since the page was listed.
            if (manifest is null)
            {
                html.Write($"""<td colspan="2" class="quiet">deleted meanwhile</td>""");
            }
            else
            {
                html.Write($"""<td><span class="kind">{(MediaTypes.IsIndex(manifest.MediaType) ? "index" : "manifest")}</span></td><td>{new DigestPart(repository, manifest.Digest)}</td>""");
            }

            html.Write($"""<td><a href="/repositories/{repository.Value}/-/history/{tag}" aria-label="History of {tag}">History</a></td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
    }
}
