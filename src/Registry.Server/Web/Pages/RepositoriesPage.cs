using System.Globalization;
using Registry.Core.Access;
using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Inventory.Records;
using Registry.Core.Space;
using Registry.Server.Api.Inventory;
using Registry.Server.Endpoints;
using Registry.Server.Http;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>First page: the repositories that the caller may pull from. To programs, the same path says what this is.</summary>
/// <param name="frame">Frame of the pages.</param>
/// <param name="inventory">The repositories.</param>
/// <param name="search">The search.</param>
/// <param name="space">Figures of the space.</param>
/// <param name="catalog">Admission to the page.</param>
/// <param name="isOpen">True if the registry asks for no password.</param>
internal sealed class RepositoriesPage(PageFrame frame, InventoryOperations inventory, RepositorySearch search, SpaceOperations space, IRequestGate catalog, bool isOpen)
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
        if (await catalog.PassAsync(request, request.Route! with { Permission = Permission.Catalog }) is { } refused)
        {
            return refused;
        }

        var query = request.Request.Query;
        if (!QueryParameter.Find(query, "q").TryGet(out var text, out var invalid) || !QueryParameter.Find(query, "after").TryGet(out var after, out invalid)
            || !ApiParameters.ReadOrder(query, InventoryOrders.Repositories).TryGet(out var order, out invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        var viewer = new Viewer(request.MayListAny ? request.ListableRanges : [], request.MayList) { SeesAll = request.SeesWholeRegistry };
        if (!(await search.FindAsync(request, viewer, text)).TryGet(out var sought, out var notSearched))
        {
            return notSearched;
        }

        if (sought.Path is { } path)
        {
            SeeOther.Write(request, path);
            return null;
        }

        var page = new InventoryPage<RepositoryEntry>([], Next: null);
        if (sought is { Manifests: null, Blobs: null, Holders: null, Advice: null }
            && !(await inventory.ListRepositoriesAsync(new RepositoryQuery { Part = sought.Part, Order = order, After = after, Limit = PageSize }, viewer)).TryGet(out page, out var error))
        {
            return error;
        }

        // Sizes that are missing are computed soon, so that the next look has them.
        if (page.Items.Any(entry => entry.Size == 0))
        {
            await space.ReadLastAsync();
        }

        var isEmpty = page.Items.Count == 0 && string.IsNullOrEmpty(text) && after is null;
        await frame.SendAsync(request, new PageHead("Repositories", Section.Repositories), async output =>
        {
            var html = output.Html;
            html.Write($"""<div class="title"><h1>Repositories</h1></div>""");
            if (isEmpty)
            {
                WriteFirstStart(html, ClientAddress.Of(request.Request), viewer.IsUnlimited);
                return;
            }

            WriteSearch(html, text, order);
            if (sought.Advice is { } advice)
            {
                html.Write($"""<p class="note" role="status">{advice}</p>""");
            }
            else if (sought.Manifests is { } manifests)
            {
                await WriteDigestsAsync(output, "Manifest", "manifests", manifests);
            }
            else if (sought.Blobs is { } blobs)
            {
                await WriteBlobsAsync(output, blobs);
            }
            else if (sought.Holders is { } holders)
            {
                await WriteHoldersAsync(output, holders);
            }
            else if (page.Items.Count == 0)
            {
                html.Write($"""<p class="empty">No repository that you may pull from has <bdi>{sought.Part}</bdi> in its name{(after is null ? "" : ", on this page")}.""");
                if (sought.Tag is null && after is null && !sought.Part.Contains('/', StringComparison.Ordinal))
                {
                    html.Write($""" <a href="{PageUrl.Of("/", ("q", $":{sought.Part}"))}">Look for tags that begin so</a>""");
                }

                html.Write($"</p>");
            }
            else
            {
                await WriteListAsync(output, page.Items, order, text, sought.Tag);
            }

            Pager.Write(html, "/", [("q", text), ("sort", NameOf(order))], page.Next is { } next ? ("after", next) : null, after is not null);
        });
        return null;
    }

    // The order by name is the default, and stays out of addresses.
    private static string? NameOf(RepositoryOrder order) => order == RepositoryOrder.Name ? null : InventoryOrders.Repositories.First(one => one.Value == order).Key;

    private static void WriteSearch(HtmlWriter html, string? text, RepositoryOrder order)
    {
        html.Write($"""<form class="search" method="get" action="/" role="search"><label>Part of a name, name:tag, :tag, or sha256:…<input type="search" name="q" value="{text}" autocomplete="off" spellcheck="false"></label>""");
        if (NameOf(order) is { } sort)
        {
            html.Write($"""<input type="hidden" name="sort" value="{sort}">""");
        }

        html.Write($"<button>Find</button></form>\n");
    }

    private static async Task WriteListAsync(PageOutput output, IReadOnlyList<RepositoryEntry> entries, RepositoryOrder order, string? text, string? tag)
    {
        var html = output.Html;
        var largest = entries.Max(entry => entry.Size);
        html.Write($"""<div class="scroll"><table><thead><tr>{Heading("Name", RepositoryOrder.Name, SortDirection.Ascending)}<th scope="col" class="number">Tags</th>""");
        html.Write($"""{Heading("Last push", RepositoryOrder.Pushed, SortDirection.Descending)}<th scope="col">By</th>{Heading("Size", RepositoryOrder.Size, SortDirection.Descending)}""");
        html.Write($"""<th scope="col" class="wide"><span class="quiet">Part of the largest</span></th></tr></thead><tbody>""");
        foreach (var entry in entries)
        {
            html.Write($"""<tr><th scope="row" class="name"><a href="{PageUrl.Of($"/repositories/{entry.Name}", ("prefix", tag))}">{entry.Name.Value}</a></th>""");
            html.Write($"""<td class="number">{CountOf(entry.Tags)}</td>""");
            if (entry.PushedAt is { } at)
            {
                html.Write($"<td>{new TimePart(at)}</td><td><bdi>{entry.PushedBy}</bdi></td>");
            }
            else
            {
                html.Write($"""<td class="quiet">not recorded</td><td></td>""");
            }

            if (entry.Size == 0)
            {
                html.Write($"""<td class="number quiet nowrap">not computed yet</td><td class="wide"></td>""");
            }
            else
            {
                html.Write($"""<td class="number">{new SizePart(entry.Size)}</td><td class="wide">{new BarPart(entry.Size, largest)}</td>""");
            }

            html.Write($"</tr>\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>");

        SortHeading Heading(string name, RepositoryOrder by, SortDirection direction) =>
            new(name, PageUrl.Of("/", ("q", text), ("sort", NameOf(by))), order == by ? direction : null, by == RepositoryOrder.Size);
    }

    private static async Task WriteBlobsAsync(PageOutput output, BlobHolders blobs)
    {
        if (blobs.Items.Count == 0)
        {
            output.Html.Write($"""<p class="empty">No repository that you may pull from has a manifest or a layer with this digest{(blobs.IsWhole ? "" : ", among those that were pushed to last")}.</p>""");
        }
        else
        {
            output.Html.Write($"<p>No manifest has this digest. These repositories have a layer or config with it; its page leads to the images.</p>\n");
            await WriteDigestsAsync(output, "Layer or config", "blobs", blobs.Items);
        }

        if (blobs.HasMore)
        {
            output.Html.Write($"""<p class="quiet">More repositories have it.</p>""");
        }

        WriteSearched(output.Html, blobs.IsWhole, "write name@sha256:…");
    }

    private static async Task WriteDigestsAsync(PageOutput output, string title, string kind, IReadOnlyList<DigestRow> rows)
    {
        var html = output.Html;
        html.Write($"""<div class="scroll"><table><thead><tr><th scope="col">Repository</th><th scope="col">{title}</th></tr></thead><tbody>""");
        foreach (var one in rows)
        {
            html.Write($"""<tr><th scope="row" class="name"><a href="/repositories/{one.Repository}/-/{kind}/{one.Digest.Value}">{one.Repository}</a></th><td>{new DigestPart(null, one.Digest)}</td></tr>""");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>");
    }

    private static void WriteSearched(HtmlWriter html, bool isWhole, string advice)
    {
        if (!isWhole)
        {
            html.Write($"""<p class="quiet">The {InventoryOperations.MostSearched} repositories that were pushed to last were searched. For another one, {advice}.</p>""");
        }
    }

    private static async Task WriteHoldersAsync(PageOutput output, TagHolders holders)
    {
        var html = output.Html;
        if (holders.Items.Count == 0)
        {
            html.Write($"""<p class="empty">No repository that you may pull from has such a tag{(holders.IsWhole ? "" : ", among those that were pushed to last")}.</p>""");
        }
        else
        {
            html.Write($"""<div class="scroll"><table><thead><tr><th scope="col">Repository</th><th scope="col">Tag</th></tr></thead><tbody>""");
            foreach (var (repository, tag) in holders.Items)
            {
                html.Write($"""<tr><th scope="row" class="name"><a href="/repositories/{repository.Value}">{repository.Value}</a></th>""");
                html.Write($"""<td class="name"><a href="/repositories/{repository.Value}/-/tags/{tag.Value}">{tag.Value}</a></td></tr>""");
                html.Write($"\n");
                await output.PassAsync();
            }

            html.Write($"</tbody></table></div>");
        }

        if (holders.HasMore)
        {
            html.Write($"""<p class="quiet">More repositories have such a tag. These were pushed to last.</p>""");
        }

        WriteSearched(html, holders.IsWhole, "write name:tag");
    }

    private static string CountOf(UpTo count) => string.Create(CultureInfo.InvariantCulture, $"{count.Count}{(count.IsMore ? "+" : string.Empty)}");

    private void WriteFirstStart(HtmlWriter html, ClientAddress address, bool mayPullAll)
    {
        html.Write(
            $"""
            <p class="empty">{(mayPullAll ? "There are no images yet." : "There is nothing here that you may pull.")}</p>
            <h2>The first push</h2>
            <ol class="lines">

            """);
        if (!isOpen)
        {
            html.Write($"""<li><span class="label">Log in</span>{new CommandPart($"docker login {address.Host}", "the command that logs in")}</li>""");
        }

        html.Write(
            $"""
            <li><span class="label">Take an image</span>{new CommandPart("docker pull busybox", "the first command")}</li>
            <li><span class="label">Name it</span>{new CommandPart($"docker tag busybox {address.Host}/first/busybox:1", "the second command")}</li>
            <li><span class="label">Push it</span>{new CommandPart($"docker push {address.Host}/first/busybox:1", "the third command")}</li>
            </ol>

            """);
        if (!isOpen && !mayPullAll)
        {
            html.Write($"""<p class="note">The access rules decide which names you may push to. If <code>first/busybox</code> is denied, take another one, or ask an admin.</p>""");
        }

        if (isOpen)
        {
            html.Write(
                $"""
                <p class="note">Any client that can reach this address may pull, push and delete. To ask for passwords, add a user with <code>registry user add NAME --auth-htpasswd FILE</code>, and
                start the registry with <code>REGISTRY_AUTH_TYPE=basic</code> and <code>REGISTRY_AUTH_HTPASSWD=FILE</code>.</p>
                """);
        }

        if (!address.IsSecure && !address.IsLoopback)
        {
            html.Write(
                $"""
                <p class="note">docker uses TLS for every address but those of its own machine. Give the registry a certificate (<code>REGISTRY_TLS_CERT</code>), or name
                <code>{address.Host}</code> in the <code>insecure-registries</code> of docker.</p>
                """);
        }
    }
}
