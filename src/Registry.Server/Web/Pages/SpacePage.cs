using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Oci;
using Registry.Core.Space;
using Registry.Server.Http;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Pages of the space: of all repositories that the caller may pull from, and of the tags of one.</summary>
/// <param name="frame">Frame of the pages.</param>
/// <param name="space">Figures of the space.</param>
/// <param name="inventory">The repositories by their size.</param>
internal sealed class SpacePage(PageFrame frame, SpaceOperations space, InventoryOperations inventory)
{
    // A first view is 60 KB at most (docs/performance.md, P16), with the map.
    private const int PageSize = 50;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!QueryParameter.Find(request.Request.Query, "after").TryGet(out var after, out var invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        var viewer = new Viewer(request.MayListAny ? request.ListableRanges : [], request.MayList);
        var query = new RepositoryQuery { Order = RepositoryOrder.Size, After = after, Limit = PageSize };
        if (!(await inventory.ListRepositoriesAsync(query, viewer)).TryGet(out var page, out var error))
        {
            return error;
        }

        var (last, isRenewed) = await space.ReadLastAsync();
        var isWhole = request.SeesWholeRegistry;
        var largest = isWhole && last is not null && after is null ? await space.ListLargestAsync() : [];
        var used = await space.FindAsync([.. page.Items.Where(one => one.Size > 0).Select(one => one.Name)]);
        await frame.SendAsync(request, new PageHead("Space", Section.Space), async output =>
        {
            var html = output.Html;
            html.Write($"""<div class="title"><h1>Space</h1>""");
            WriteTime(html, last, isRenewed);
            html.Write($"</div>\n");
            if (isWhole && last is not null)
            {
                WriteSums(html, last);
                html.Write($"{new SpaceMap(largest, last.Unique)}<h2>Repositories</h2>\n");
            }

            if (used.Count > 0)
            {
                html.Write($"""<p class="quiet">The largest first</p>""");
                await WriteListAsync(output, used, isWhole);
            }
            else if (last is not null)
            {
                html.Write($"""<p class="empty">{(page.Items.Count > 0 ? "What was pushed is not in these figures yet." : isWhole ? "No repository holds anything." : "No repository that you may pull from holds anything.")}</p>""");
            }

            Pager.Write(html, "/space", [], used.Count == PageSize && page.Next is { } next ? ("after", next) : null, after is not null);
        });
        return null;
    }

    public async Task<RegistryError?> GetRepositoryAsync(RequestContext request)
    {
        request.TakeTurns();
        var repository = request.Repository;
        if (!(await space.FindAsync(repository)).TryGet(out var found, out var error))
        {
            return error;
        }

        var isWhole = request.SeesWholeRegistry;
        var (last, isRenewed) = await space.ReadLastAsync();
        var tags = await space.ComputeTagsAsync(repository, isWhole, request.Aborted);
        await frame.SendAsync(request, new PageHead($"Space of {repository}", Section.Repositories), async output =>
        {
            var html = output.Html;
            html.Write($"{new RepositoryHead(repository, "space")}");
            html.Write($"""<ul class="sums"><li><strong>{new SizePart(found.Referred)}</strong><span>in this repository</span></li>""");
            if (isWhole)
            {
                html.Write($"""<li><strong>{new SizePart(found.Unique)}</strong><span>only here</span></li>""");
            }

            html.Write($"""<li><strong>{new SizePart(found.Trash)}</strong><span>only in its trash</span></li></ul>""");
            html.Write($"<p>");
            WriteTime(html, last, isRenewed);
            html.Write($"</p>\n");
            if (tags is null)
            {
                html.Write($"""<p class="empty">The repository is too large to compute its tags for a page.</p>""");
            }
            else if (tags.Count > 0)
            {
                await WriteTagsAsync(output, repository.Value, tags);
            }
        });
        return null;
    }

    private static void WriteTime(HtmlWriter html, SpaceSums? last, bool isRenewed)
    {
        if (last is null)
        {
            html.Write($"""<span class="quiet">The first computation is under way. <a href="?">Look again</a></span>""");
        }
        else
        {
            html.Write($"""<span class="quiet">As of {new TimePart(last.At)}{new RawHtml(isRenewed ? "; newer figures are computed now. <a href=\"?\">Look again</a>" : "")}</span>""");
        }
    }

    private static void WriteSums(HtmlWriter html, SpaceSums sums)
    {
        html.Write($"""<ul class="sums">""");
        Write(sums.Stored, "stored, each content once");
        Write(sums.Referred, "if nothing were shared");
        Write(sums.Shared, "shared by several repositories");
        Write(sums.Trash, "only in the trash");
        Write(sums.Unreferenced, "waits for the collector");
        Write(sums.Uploads, "in uploads in progress");
        html.Write($"</ul>\n");

        void Write(long bytes, string what) => html.Write($"<li><strong>{new SizePart(bytes)}</strong><span>{what}</span></li>");
    }

    private static async Task WriteListAsync(PageOutput output, IReadOnlyList<NamedSpace> items, bool isWhole)
    {
        var html = output.Html;
        var largest = items.Max(one => one.Space.Referred);
        html.Write(
            $"""
            <div class="scroll"><table>
            <thead><tr><th scope="col">Repository</th><th scope="col" class="number">Size</th><th scope="col" class="wide"><span class="quiet">Part of the largest</span></th>
            """);
        html.Write($"""{new RawHtml(isWhole ? "<th scope=\"col\" class=\"number\">Only here</th>" : "")}<th scope="col" class="number">Only in its trash</th></tr></thead><tbody>""");
        foreach (var (name, used) in items)
        {
            html.Write($"""<tr><th scope="row" class="name"><a href="/repositories/{name}/-/space">{name}</a></th><td class="number">{new SizePart(used.Referred)}</td>""");
            html.Write($"""<td class="wide">{new BarPart(used.Referred, largest)}</td>""");
            if (isWhole)
            {
                html.Write($"""<td class="number">{new SizePart(used.Unique)}</td>""");
            }

            html.Write($"""<td class="number">{new SizePart(used.Trash)}</td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
    }

    private static async Task WriteTagsAsync(PageOutput output, string repository, IReadOnlyList<TagSpace> tags)
    {
        var html = output.Html;
        var largest = tags.Max(tag => tag.Unique);
        html.Write(
            $"""
            <h2>Tags</h2>
            <p class="quiet">What the deletion of an image with all its tags frees, once it has left the trash and the grace period is over.</p>
            <div class="scroll"><table>
            <thead><tr><th scope="col">Tag</th><th scope="col" class="number">Free without it</th><th scope="col" class="wide"><span class="quiet">Part of the largest</span></th><th scope="col" class="number">Size</th></tr></thead><tbody>

            """);
        foreach (var tag in tags.Take(PageSize))
        {
            html.Write($"""<tr><th scope="row" class="name"><a href="/repositories/{repository}/-/tags/{tag.Name}">{new TagPart(Tag.Parse(tag.Name))}</a></th><td class="number">{new SizePart(tag.Unique)}</td>""");
            html.Write($"""<td class="wide">{new BarPart(tag.Unique, largest)}</td><td class="number">{new SizePart(tag.Referred)}</td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
        if (tags.Count > PageSize)
        {
            html.Write($"""<p class="quiet">{tags.Count - PageSize} more tags free less than each of these.</p>""");
        }
    }
}
