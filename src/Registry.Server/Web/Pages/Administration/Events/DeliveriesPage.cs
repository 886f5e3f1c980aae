using System.Globalization;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Events;
using Registry.Events;
using Registry.Events.Configuration;
using Registry.Events.Status;
using Registry.Server.Api.Events;
using Registry.Server.Endpoints;
using Registry.Server.Http;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration.Events;

/// <summary>Page of an endpoint to which events are sent: what it gets, how far it is, and what became of its last events.</summary>
/// <param name="frame">The frame of pages.</param>
/// <param name="events">Sends the events; null without a file of endpoints.</param>
/// <param name="readOnly">The read-only mode, in which nothing is sent.</param>
internal sealed class DeliveriesPage(PageFrame frame, EventDispatch? events, ReadOnlyMode readOnly)
{
    private const string Path = $"{EventsPage.Path}/deliveries";
    private const int Shown = 100;

    /// <summary>Path of the page.</summary>
    /// <param name="endpoint">Name of the endpoint.</param>
    /// <param name="state">Only events that have ended so, one of <see cref="DeliveryAnswer.States"/>; null for all.</param>
    public static string PathOf(string endpoint, string? state = null) => PageUrl.Of(Path, ("endpoint", endpoint), ("state", state));

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (!QueryParameter.Read(query, "endpoint").TryGet(out var name, out var fault) || !EventEndpoints.Find(events, name).TryGet(out var settings, out fault)
            || !EventEndpoints.ReadState(query).TryGet(out var state, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        var status = await events!.ReadStatusAsync(settings);
        var deliveries = await events.ListAsync(settings.Name, state is null ? null : state == DeliveryAnswer.SetAside, Shown);
        await frame.SendAsync(request, new PageHead($"Events for {settings.Name}", Section.Administration), async output =>
        {
            output.Html.Write($"""<div class="crumbs"><a href="{EventsPage.Path}">Events</a> ›</div><div class="title"><h1>Events for <bdi>{settings.Name}</bdi></h1></div>""");
            EventsPage.WriteMode(output.Html, readOnly);
            WriteFacts(output.Html, status);
            WriteFilter(output.Html, settings.Name, state);
            await WriteDeliveriesAsync(output, settings.Name, deliveries);
        });
        return null;
    }

    private static void WriteFacts(HtmlWriter html, EndpointStatus status)
    {
        var settings = status.Settings;
        var isSigned = settings.Secret is not null || settings.SecretFile is not null;
        html.Write(
            $"""
            <dl class="facts"><dt>Host</dt><dd><bdi>{status.Host}</bdi></dd><dt>Format</dt><dd>{EventFormatName.Of(settings.Format)}, {(isSigned ? "signed" : "not signed")}</dd>
            <dt>Gets</dt><dd><bdi>{Wanted(settings)}</bdi></dd><dt>State</dt><dd>{new EndpointStatePart(status)}</dd>
            <dt>Behind</dt><dd>{Count.Of(status.Behind, "change")} of {Text(status.End)}</dd><dt>Delivered</dt><dd>{Text(status.Delivered)}</dd>
            <dt>Set aside</dt><dd>{Text(status.SetAside)}{(status.SetAside > 0 ? ", after attempts for 3 days" : "")}</dd><dt>Sent again</dt><dd>{(status.Replays == 0 ? "never" : Count.Of(status.Replays, "time"))}</dd></dl>
            <p class="actions"><a class="button" href="{ReplayPage.PathOf(settings.Name)}">Send again…</a></p>
            <h2>Last events</h2>

            """);
    }

    private static string Wanted(EndpointSettings settings)
    {
        string?[] filters =
        [
            settings.Kinds.Count > 0 ? string.Join(", ", settings.Kinds.Select(ChangeKindName.Of)) : null,
            settings.Repositories.Count > 0 ? $"repositories {string.Join(", ", settings.Repositories.Select(pattern => pattern.Text))}" : null,
            settings.Tags.Count > 0 ? $"tags {string.Join(", ", settings.Tags.Select(pattern => pattern.Text))}" : null,
        ];
        return filters.OfType<string>().ToList() is { Count: > 0 } given ? string.Join("; ", given) : "all changes";
    }

    private static void WriteFilter(HtmlWriter html, string name, string? state)
    {
        html.Write($"""<form class="search" method="get" action="{Path}"><input type="hidden" name="endpoint" value="{name}"><label>Outcome<select name="state"><option value="">all</option>""");
        foreach (var one in DeliveryAnswer.States)
        {
            html.Write($"""<option{new RawHtml(one == state ? " selected" : string.Empty)} value="{one}">{one.Replace('-', ' ')}</option>""");
        }

        html.Write($"""</select></label><button>Show</button></form>""");
    }

    private static async Task WriteDeliveriesAsync(PageOutput output, string endpoint, IReadOnlyList<EventDelivery> deliveries)
    {
        var html = output.Html;
        if (deliveries.Count == 0)
        {
            html.Write($"""<p class="empty">There are none. An event that waits, or is tried again, is not listed.</p>""");
            return;
        }

        html.Write(
            $"""
            <div class="scroll" role="region" aria-label="Last events" tabindex="0"><table>
            <thead><tr><th scope="col">Time</th><th scope="col">Outcome</th><th scope="col">Event</th><th scope="col">Of</th><th scope="col" class="number">Attempts</th><th scope="col">Last answer</th><th scope="col"><span class="quiet">Change</span></th></tr></thead><tbody>

            """);
        foreach (var one in deliveries)
        {
            var subject = one.Tag is { } tag ? $"{one.Repository}:{tag}" : one.Digest is { } digest ? $"{one.Repository}@{DigestPart.Short(digest)}" : one.Repository.Value;
            html.Write($"""<tr><td>{new TimePart(one.Time)}</td><td class="{(one.IsSetAside ? "bad" : "good")}">{(one.IsSetAside ? "set aside" : "delivered")}</td><td>{ChangeKindName.Of(one.Kind)}</td>""");
            html.Write($"""<th scope="row" class="name"><bdi>{subject}</bdi></th><td class="number">{Text(one.Attempts)}</td><td class="name"><bdi>{one.Fault ?? AnswerOf(one)}</bdi></td>""");
            html.Write($"""<td><a class="button" href="{ReplayPage.PathOf(endpoint, one.Position)}" aria-label="Send again from {subject} at {Text(one.Position)}">Send again…</a></td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
        if (deliveries.Count == Shown)
        {
            html.Write($"""<p class="quiet">The last {Shown}; <code>registry events deliveries {endpoint} --limit 1000</code> lists more.</p>""");
        }
    }

    private static string AnswerOf(EventDelivery delivery) => string.Create(CultureInfo.InvariantCulture, $"{delivery.Status} in {delivery.Milliseconds} ms");

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
