using System.Globalization;
using Registry.Core.Activity;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Endpoints;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Pages of what has happened: in a repository, and in all that the caller may pull from.</summary>
internal sealed class ActivityPage(PageFrame frame, ActivityOperations activity)
{
    private const int PageSize = 50;

    public Task<RegistryError?> GetAsync(RequestContext request) => GetAsync(request, request.Repository);

    public Task<RegistryError?> GetAllAsync(RequestContext request) => GetAsync(request, repository: null);

    private async Task<RegistryError?> GetAsync(RequestContext request, RepositoryName? repository)
    {
        if (!ApiParameters.ReadActivity(request.Request.Query, repository).TryGet(out var query, out var fault))
        {
            return fault;
        }

        request.TakeTurns();
        var page = repository is not null || request.MayListAny
            ? await activity.ListAsync(query with { Limit = PageSize }, repository is null ? request.MayList : request.MayPull, request.OriginDetail)
            : new Core.Activity.ActivityPage([], null);
        var head = repository is { } one ? new PageHead($"Activity of {one}", Section.Repositories) : new PageHead("Activity", Section.Activity);
        await frame.SendAsync(request, head, output => WriteAsync(output, query, page, request.SeesWholeRegistry));
        return null;
    }

    private static async ValueTask WriteAsync(PageOutput output, ActivityQuery query, Core.Activity.ActivityPage page, bool seesAll)
    {
        var html = output.Html;
        if (query.Repository is { } repository)
        {
            html.Write($"{new RepositoryHead(repository, "activity")}");
        }
        else
        {
            html.Write($"""<div class="title"><h1>Activity</h1><span class="quiet">What has happened in the repositories, the newest first</span></div>""");
        }

        var path = query.Repository is { } name ? $"/repositories/{name}/-/activity" : "/activity";
        WriteFilter(html, path, query);
        if (page.Changes.Count == 0)
        {
            html.Write($"""<p class="empty">{(page.Last is null ? query is { User: null, Kind: null } && seesAll ? "Nothing has happened yet." : "Nothing that you may see has happened." : "Nothing that you may see here. There are older changes.")}</p>""");
        }

        // The script adds what happens while the first page is open, and what has happened since this one was made.
        if (query.Before is null)
        {
            html.Write($"""<ol class="history" data-live="{page.Changes.Select(change => change.Sequence).FirstOrDefault()}">""");
        }
        else
        {
            html.Write($"""<ol class="history">""");
        }

        foreach (var change in page.Changes)
        {
            html.Write($"{new ChangePart(change, isOfAll: query.Repository is null)}\n");
            await output.PassAsync();
        }

        html.Write($"</ol>\n");
        var next = page.Last is { } last ? ("before", last.ToString(CultureInfo.InvariantCulture)) : default((string, string)?);
        Pager.Write(html, path, [("user", query.User), ("kind", query.Kind is { } kind ? ChangeKindName.Of(kind) : null)], next, query.Before is not null);
    }

    private static void WriteFilter(HtmlWriter html, string path, ActivityQuery query)
    {
        html.Write(
            $"""
            <form class="search" method="get" action="{path}">
            <label>User<input name="user" value="{query.User}" autocomplete="off" spellcheck="false"></label>
            <label>Change<select name="kind"><option value="">all</option>
            """);
        foreach (var name in ChangeKindName.All)
        {
            var isChosen = query.Kind is { } kind && ChangeKindName.Of(kind) == name;
            html.Write($"""<option{new RawHtml(isChosen ? " selected" : string.Empty)} value="{name}">{name.Replace('-', ' ')}</option>""");
        }

        html.Write($"""</select></label><button>Show</button></form>""");
    }
}
