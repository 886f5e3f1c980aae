using System.Globalization;
using Registry.Core.Errors;
using Registry.Events;
using Registry.Server.Endpoints;
using Registry.Server.Http;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages.Administration.Events;

/// <summary>Sends events to an endpoint again, after a page that asks from which time on.</summary>
/// <param name="frame">The frame of pages.</param>
/// <param name="events">Sends the events; null without a file of endpoints.</param>
/// <param name="readOnly">The read-only mode, in which nothing is sent.</param>
/// <param name="forms">Reads the form.</param>
internal sealed class ReplayPage(PageFrame frame, EventDispatch? events, ReadOnlyMode readOnly, FormReader forms)
{
    private const string Path = $"{EventsPage.Path}/replay";

    /// <summary>Path of the page.</summary>
    /// <param name="endpoint">Name of the endpoint.</param>
    /// <param name="position">Position of the change from which on events are sent again; null for a time that the person writes.</param>
    public static string PathOf(string endpoint, long? position = null) =>
        PageUrl.Of(Path, ("endpoint", endpoint), ("position", position?.ToString(CultureInfo.InvariantCulture)));

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (!QueryParameter.Read(query, "endpoint").TryGet(out var name, out var fault) || !EventEndpoints.Find(events, name).TryGet(out var endpoint, out fault)
            || !ApiParameters.ReadPosition(query, "position", "the position of a change").TryGet(out var position, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        var since = position is { } from ? await events!.FindTimeAsync(from) : null;
        var token = FormTokens.For(request);
        await frame.SendAsync(request, new PageHead("Send events again", Section.Administration), output =>
        {
            var html = output.Html;
            html.Write(
                $"""
                <div class="crumbs"><a href="{EventsPage.Path}">Events</a> › <a href="{DeliveriesPage.PathOf(endpoint.Name)}">{endpoint.Name}</a> ›</div>
                <div class="title"><h1>Send events to <bdi>{endpoint.Name}</bdi> again?</h1></div>
                <p>What has happened since the time is sent again, in order, also what was delivered before. Events keep their ids, so that the receiver knows them; what is new comes after them.</p>

                """);
            if (position is not null && since is null)
            {
                html.Write($"""<p class="fault">The registry does not keep this change any more, so it cannot be sent again.</p>""");
            }

            html.Write(
                $"""
                <form class="narrow" method="post" action="{Path}"><input type="hidden" name="token" value="{token}"><input type="hidden" name="endpoint" value="{endpoint.Name}">
                <label>Since, such as {Rfc3339.Example}<input name="since" value="{(since is { } time ? Rfc3339.Format(time) : "")}" autocomplete="off" spellcheck="false" required></label>
                <div class="actions"><button class="main">Send again</button> <a class="button" href="{DeliveriesPage.PathOf(endpoint.Name)}">Cancel</a></div></form>

                """);
            return ValueTask.CompletedTask;
        });
        return null;
    }

    public async Task<RegistryError?> PostAsync(RequestContext request)
    {
        if (!(await forms.ReadAsync(request)).TryGet(out var fields, out var invalid)
            || !ApiParameters.ParseTime((fields.GetValueOrDefault("since") ?? string.Empty).Trim(), "since").TryGet(out var since, out invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        var name = fields.GetValueOrDefault("endpoint") ?? string.Empty;
        if ((await EventEndpoints.ReplayAsync(events, readOnly, name, since)).Error is { } refused)
        {
            return refused;
        }

        SeeOther.Write(request, DeliveriesPage.PathOf(name));
        return null;
    }
}
