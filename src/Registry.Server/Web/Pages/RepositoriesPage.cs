using Registry.Core.Errors;
using Registry.Core.Listings;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Space;
using Registry.Server.Http;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>First page: the repositories that the caller may pull from. To programs, the same path says what this is.</summary>
internal sealed class RepositoriesPage(PageFrame frame, ListOperations lists, SpaceOperations space, IRequestGate catalog)
{
    private const int PageSize = 100;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        request.Response.Headers.Vary = "Accept";
        if (!PageGroup.AcceptsHtml(request.Request))
        {
            await RootAnswer.WriteAsync(request, hasPages: true);
            return null;
        }

        // Programs need no log-in for the answer above, so the route admits everyone.
        if (await catalog.PassAsync(request, request.Route! with { Permission = Core.Access.Permission.Catalog }) is { } refused)
        {
            return refused;
        }

        var query = request.Request.Query;
        if (!QueryParameter.Find(query, "q").TryGet(out var prefix, out var invalid) || !QueryParameter.Find(query, "last").TryGet(out var last, out invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        var page = new Page<string>([], false);
        if (request.MayListAny && Narrow(request.ListableRanges, prefix) is { Count: > 0 } ranges
            && !(await lists.ListRepositoriesAsync(last, PageSize, ranges, request.MayList)).TryGet(out page, out var error))
        {
            return error;
        }

        var sizes = await ReadSizesAsync(page);
        var isEmpty = page.Items.Count == 0 && prefix is null && last is null;
        await frame.SendAsync(request, new PageHead("Repositories", Section.Repositories), async output =>
        {
            var html = output.Html;
            html.Write($"""<div class="title"><h1>Repositories</h1></div>""");
            if (isEmpty)
            {
                WriteFirstStart(html, ClientAddress.Of(request.Request));
                return;
            }

            html.Write(
                $"""
                <form class="search" method="get" action="/" role="search">
                <label>Name begins with<input type="search" name="q" value="{prefix}" autocomplete="off" spellcheck="false"></label>
                <button>Find</button>
                </form>

                """);
            if (page.Items.Count == 0)
            {
                html.Write($"""<p class="empty">No repository that you may pull from has a name that begins with <bdi>{prefix}</bdi>{(last is null ? "" : " on this page")}.</p>""");
            }
            else
            {
                await WriteListAsync(output, page, sizes, request.SeesWholeRegistry);
            }

            Pager.Write(html, "/", [("q", prefix)], page.HasMore ? ("last", page.Items[^1]) : null, last is not null);
        });
        return null;
    }

    private static async Task WriteListAsync(PageOutput output, Page<string> page, Dictionary<string, RepositorySpace> sizes, bool isWhole)
    {
        var html = output.Html;
        var largest = page.Items.Max(name => sizes.GetValueOrDefault(name).Referred);
        html.Write($"""<div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col" class="number">Size</th><th scope="col" class="wide"><span class="quiet">Part of the largest</span></th>""");
        if (isWhole)
        {
            html.Write($"""<th scope="col" class="number wide">Only here</th>""");
        }

        html.Write($"</tr></thead><tbody>");
        foreach (var name in page.Items)
        {
            html.Write($"""<tr><th scope="row" class="name"><a href="/repositories/{name}">{name}</a></th>""");
            if (sizes.TryGetValue(name, out var size))
            {
                html.Write($"""<td class="number">{new SizePart(size.Referred)}</td><td class="wide">{new BarPart(size.Referred, largest)}</td>""");
                if (isWhole)
                {
                    html.Write($"""<td class="number wide">{new SizePart(size.Unique)}</td>""");
                }
            }
            else
            {
                html.Write($"""<td class="number quiet">not computed yet</td><td class="wide"></td>""");
                if (isWhole)
                {
                    html.Write($"""<td class="wide"></td>""");
                }
            }

            html.Write($"</tr>\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>");
    }

    private static void WriteFirstStart(HtmlWriter html, ClientAddress address)
    {
        html.Write(
            $"""
            <p class="empty">There is nothing here that you may pull.</p>
            <h2>The first push</h2>
            <ol class="lines">
            <li><span class="label">Take an image</span>{new CommandPart("docker pull busybox", "the first command")}</li>
            <li><span class="label">Name it</span>{new CommandPart($"docker tag busybox {address.Host}/first/busybox:1", "the second command")}</li>
            <li><span class="label">Push it</span>{new CommandPart($"docker push {address.Host}/first/busybox:1", "the third command")}</li>
            </ol>

            """);
        if (!address.IsSecure && !address.IsLoopback)
        {
            html.Write(
                $"""
                <p class="note">docker uses TLS for every address but those of its own machine. Give the registry a certificate (<code>REGISTRY_TLS_CERT</code>), or name
                <code>{address.Host}</code> in the <code>insecure-registries</code> of docker.</p>
                """);
        }
    }

    // Figures of the last round; a repository that is newer has none.
    private async Task<Dictionary<string, RepositorySpace>> ReadSizesAsync(Page<string> page)
    {
        if (page.Items.Count == 0)
        {
            return [];
        }

        await space.ReadDaysAsync();
        var range = new RepositoryRange(page.Items[0], RepositoryRange.Of(page.Items[^1]).End);
        var sizes = await space.ListAsync(null, PageSize, [range], name => page.Items.Contains(name.Value));
        return sizes.Items.ToDictionary(one => one.Name, one => one.Space);
    }

    private static List<RepositoryRange> Narrow(IReadOnlyList<RepositoryRange> ranges, string? prefix)
    {
        if (string.IsNullOrEmpty(prefix))
        {
            return [.. ranges];
        }

        var wanted = RepositoryRange.StartingWith(prefix);
        return
        [
            .. ranges.Select(range => new RepositoryRange(
                string.CompareOrdinal(range.Start, wanted.Start) > 0 ? range.Start : wanted.Start,
                string.CompareOrdinal(range.End, wanted.End) < 0 ? range.End : wanted.End)).Where(range => !range.IsEmpty),
        ];
    }
}
