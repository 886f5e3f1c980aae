using System.Globalization;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Server.Endpoints;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Pages.Lists;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Pages of the trash: of a repository, and of all that the caller may pull from.</summary>
internal sealed class TrashPage(PageFrame frame, TrashOperations trash)
{
    // Less than the 50 of other lists: digests do not compress, and a first view is to take 60 KB at most.
    private const int PageSize = 40;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (!ApiParameters.ReadPosition(query, "before", "the id of an entry").TryGet(out var before, out var invalid) || !Selection.Read(query).TryGet(out var isAll, out invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        var repository = request.Repository;
        var page = await trash.ListAsync(repository, before, PageSize, request.OriginDetail);
        await frame.SendAsync(request, new PageHead($"Trash of {repository}", Section.Repositories), async output =>
        {
            output.Html.Write($"{new RepositoryHead(repository, "trash")}");
            var path = $"/repositories/{repository}/-/trash";
            var here = request.MayPush(repository) ? PageUrl.Of(path, ("before", before?.ToString(CultureInfo.InvariantCulture))) : null;
            await WriteAsync(output, request, page.Entries, new Selection(repository, here, isAll, Selection.Restore), isOfAll: false);
            var next = page.HasMore ? ("before", page.Entries[^1].Id.ToString(CultureInfo.InvariantCulture)) : default((string, string)?);
            Pager.Write(output.Html, path, [], next, before is not null);
        });
        return null;
    }

    public async Task<RegistryError?> GetAllAsync(RequestContext request)
    {
        if (!ApiParameters.ReadPosition(request.Request.Query, "before", "the id of an entry").TryGet(out var before, out var noPosition))
        {
            return noPosition;
        }

        request.TakeTurns();
        var listing = request.MayListAny ? await trash.ListAllAsync(before, PageSize, request.MayList, request.OriginDetail) : new TrashListing([], null);
        await frame.SendAsync(request, new PageHead("Trash", Section.Trash), async output =>
        {
            output.Html.Write($"""<div class="title"><h1>Trash</h1><span class="quiet">Deleted manifests, the newest first</span></div>""");
            await WriteAsync(output, request, listing.Entries, new Selection(default, url: null, isAll: false), isOfAll: true);
            var next = listing.Last is { } last ? ("before", last.ToString(CultureInfo.InvariantCulture)) : default((string, string)?);
            Pager.Write(output.Html, "/trash", [], next, before is not null);
        });
        return null;
    }

    private async ValueTask WriteAsync(PageOutput output, RequestContext request, IReadOnlyList<TrashEntry> entries, Selection selection, bool isOfAll)
    {
        var html = output.Html;
        if (entries.Count == 0)
        {
            html.Write($"""<p class="empty">{(isOfAll && request.SeesWholeRegistry ? "The trash is empty." : isOfAll ? "Nothing that you may see is in the trash." : "The trash of this repository is empty.")}</p>""");
            return;
        }

        selection.Begin(html);
        if (isOfAll)
        {
            html.Write($"""<th scope="col">Repository</th>""");
        }

        html.Write(
            $"""
            <th scope="col">Manifest</th><th scope="col">Tags</th><th scope="col" class="number">Size</th><th scope="col">Deleted</th><th scope="col">Goes in</th><th scope="col"><span class="quiet">Change</span></th></tr></thead>
            <tbody>

            """);
        foreach (var entry in entries)
        {
            WriteEntry(html, request, entry, selection, isOfAll);
            await output.PassAsync();
        }

        selection.End(html);
    }

    private void WriteEntry(HtmlWriter html, RequestContext request, TrashEntry entry, Selection selection, bool isOfAll)
    {
        // The platforms of an index may be in the trash, too: then they come back before it.
        var isIndex = MediaTypes.IsIndex(entry.MediaType);
        html.Write($"<tr>");
        selection.WriteBox(html, "digest", entry.Digest.Value, DigestPart.Short(entry.Digest), entry.IsComplete || isIndex);
        if (isOfAll)
        {
            html.Write($"""<th scope="row" class="name"><a href="/repositories/{entry.Repository.Value}/-/trash">{entry.Repository.Value}</a></th>""");
        }

        html.Write($"""<td>{new DigestPart(null, entry.Digest)}</td><td class="name">{new TagList(entry)}</td><td class="number">{new SizePart(entry.HeldSize)}{new RawHtml(isIndex ? "<div class=\"quiet\">without its platforms</div>" : "")}</td><td>{new TimePart(entry.Time)} <span class="quiet">by {new OriginPart(entry.Origin)}</span></td>""");
        html.Write($"""<td class="nowrap">{DurationText.Of(TimeSpan.FromSeconds(trash.ExpiresAfter(entry)))}</td><td><div class="actions">""");
        if (!entry.IsComplete)
        {
            html.Write($"""<span class="quiet">a part is gone{(isIndex ? ", or in the trash, too" : "")}</span>""");
        }
        else if (request.MayPush(entry.Repository))
        {
            html.Write($"""<a class="button" href="{PathOf(entry.Repository, "restore", entry.Digest)}" aria-label="Restore {DigestPart.Short(entry.Digest)}">Restore</a>""");
        }

        if (request.MayDelete(entry.Repository))
        {
            html.Write($"""<a class="button" href="{PathOf(entry.Repository, "purge", entry.Digest)}" aria-label="Purge {DigestPart.Short(entry.Digest)}">Purge</a>""");
        }

        html.Write($"</div></td></tr>\n");
    }

    private static string PathOf(RepositoryName repository, string change, Digest digest) => $"/repositories/{repository}/-/{change}/{digest}";
}
