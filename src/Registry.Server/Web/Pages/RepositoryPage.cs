using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Policies.Rules;
using Registry.Server.Api.Inventory;
using Registry.Server.Endpoints;
using Registry.Server.Http;
using Registry.Server.Memory;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Pages.Lists;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Pages of a repository: its tags, and all its manifests.</summary>
internal sealed class RepositoryPage(PageFrame frame, InventoryOperations inventory, Func<PolicyRules> policies, RequestMemory memory)
{
    // Each row may read its manifest and config.
    private const int PageSize = 50;

    // Rows of manifests have more digests, and a first view is 60 KB at most (docs/performance.md, P16).
    private const int ManifestPageSize = 40;

    private const long Rows = PageSize * ManifestTable.BytesOfRow;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (!QueryParameter.Find(query, "prefix").TryGet(out var prefix, out var invalid) || !QueryParameter.Find(query, "after").TryGet(out var after, out invalid)
            || !ApiParameters.ReadOrder(query, InventoryOrders.Tags).TryGet(out var order, out invalid) || !Selection.Read(query).TryGet(out var isAll, out invalid))
        {
            return invalid;
        }

        // The last set first is what people look for, whatever the API has without a parameter.
        order = query.ContainsKey("sort") ? order : TagOrder.Time;
        request.TakeTurns();
        using var reserved = memory.Rows.Open(request.MemoryHolder);
        if (await reserved.AddAsync(Math.Min(Rows, memory.Rows.Limit), request.Aborted) is { } refused)
        {
            return refused;
        }

        var repository = request.Repository;
        var asked = new TagQuery { Prefix = prefix ?? string.Empty, Order = order, After = after, Limit = PageSize };
        if (!(await inventory.ListTagsAsync(repository, asked, request.Aborted)).TryGet(out var page, out var error))
        {
            return error;
        }

        var path = $"/repositories/{repository}";
        await frame.SendAsync(request, new PageHead(repository.Value, Section.Repositories), async output =>
        {
            output.Html.Write($"{new RepositoryHead(repository, "tags", request.Mirrored?.Upstream.Name)}");
            if (page.Items.Count == 0 && prefix is null && after is null)
            {
                output.Html.Write($"""<p class="empty">This repository has no tags. <a href="{path}/-/manifests">Its manifests</a> can be pulled by digest.</p>""");
                return;
            }

            WriteFilter(output.Html, path, prefix, order);
            if (page.Items.Count == 0)
            {
                output.Html.Write($"""<p class="empty">{(prefix is null ? "There are no further tags." : "No tag begins with this text.")}</p>""");
            }
            else
            {
                var here = request.OffersDeletion ? PageUrl.Of(path, ("prefix", prefix), ("sort", NameOf(order)), ("after", after)) : null;
                await WriteTagsAsync(output, request, page.Items, prefix, order, new Selection(repository, here, isAll));
            }

            Pager.Write(output.Html, path, [("prefix", prefix), ("sort", NameOf(order))], page.Next is { } next ? ("after", next) : null, after is not null);
        });
        return null;
    }

    public async Task<RegistryError?> GetManifestsAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (!ApiParameters.FindDigest(query, "after").TryGet(out var after, out var invalid) || !Selection.Read(query).TryGet(out var isAll, out invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        using var reserved = memory.Rows.Open(request.MemoryHolder);
        if (await reserved.AddAsync(Math.Min(Rows, memory.Rows.Limit), request.Aborted) is { } refused)
        {
            return refused;
        }

        var repository = request.Repository;
        if (!(await inventory.ListManifestsAsync(repository, after, ManifestPageSize, request.Aborted)).TryGet(out var page, out var error))
        {
            return error;
        }

        var path = $"/repositories/{repository}/-/manifests";
        await frame.SendAsync(request, new PageHead($"Manifests of {repository}", Section.Repositories), async output =>
        {
            output.Html.Write($"""{new RepositoryHead(repository, "manifests", request.Mirrored?.Upstream.Name)}<p class="quiet">All manifests, with a tag or without: also those of platforms, signatures and the like.</p>""");
            if (page.Items.Count == 0)
            {
                output.Html.Write($"""<p class="empty">There are no {(after is null ? "" : "further ")}manifests.</p>""");
            }
            else
            {
                var here = request.OffersDeletion ? PageUrl.Of(path, ("after", after?.Value)) : null;
                await ManifestTable.WriteAsync(output, repository, page.Items, new Selection(repository, here, isAll));
            }

            Pager.Write(output.Html, path, [], page.Next is { } next ? ("after", next) : null, after is not null);
        });
        return null;
    }

    // The order by time is the default, and stays out of addresses.
    private static string? NameOf(TagOrder order) => order == TagOrder.Time ? null : "name";

    private static void WriteFilter(HtmlWriter html, string path, string? prefix, TagOrder order)
    {
        html.Write($"""<form class="search" method="get" action="{path}" role="search"><label>Tag begins with<input type="search" name="prefix" value="{prefix}" autocomplete="off" spellcheck="false"></label>""");
        if (NameOf(order) is { } sort)
        {
            html.Write($"""<input type="hidden" name="sort" value="{sort}">""");
        }

        html.Write($"<button>Filter</button></form>\n");
    }

    private async Task WriteTagsAsync(PageOutput output, RequestContext request, IReadOnlyList<TagEntry> tags, string? prefix, TagOrder order, Selection selection)
    {
        var (repository, rules) = (request.Repository, request.Mirrored is null ? policies() : PolicyRules.None);
        var html = output.Html;
        selection.Begin(html);
        html.Write($"""{Heading("Tag", TagOrder.Name, SortDirection.Ascending)}<th scope="col">Platforms</th><th scope="col" class="number">Size</th>""");
        html.Write($"""{Heading("Set", TagOrder.Time, SortDirection.Descending)}<th scope="col">Digest</th><th scope="col"><span class="quiet">Changes</span></th></tr></thead><tbody>""");
        foreach (var tag in tags)
        {
            var name = tag.Tag.Value;
            html.Write($"<tr>");
            selection.WriteBox(html, "tag", name, name);
            html.Write($"""<th scope="row" class="name"><a href="/repositories/{repository.Value}/-/tags/{name}">{new TagPart(tag.Tag)}</a>{new TagNotes(repository, tag.Tag, rules)}</th>{new KindCell(tag.Manifest)}<td>""");
            if (tag.SetAt is { } at)
            {
                html.Write($"{new TimePart(at)}");
            }

            if (tag.SetBy is { } user)
            {
                html.Write($""" <span class="quiet">by <bdi>{user}</bdi></span>""");
            }

            html.Write($"""</td><td>{new DigestPart(repository, tag.Manifest.Digest)}{new OtherTags(tag.Manifest.Tags, tag.Tag, tag.Manifest.HasMoreTags)}</td><td><a href="/repositories/{repository.Value}/-/history/{name}" aria-label="History of {name}">History</a></td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        selection.End(html);

        SortHeading Heading(string text, TagOrder by, SortDirection direction) =>
            new(text, PageUrl.Of($"/repositories/{repository}", ("prefix", prefix), ("sort", NameOf(by))), order == by ? direction : null);
    }
}
