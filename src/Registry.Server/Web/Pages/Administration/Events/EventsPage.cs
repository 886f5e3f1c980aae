using System.Globalization;
using Registry.Core.Errors;
using Registry.Core.Events;
using Registry.Events;
using Registry.Events.Status;
using Registry.Server.Api.Events;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration.Events;

/// <summary>Page of the endpoints to which events are sent: whether each takes them, and how far it is. Of an address it shows the host alone, since the rest may be a secret.</summary>
/// <param name="frame">The frame of pages.</param>
/// <param name="events">Sends the events; null without a file of endpoints.</param>
/// <param name="readOnly">The read-only mode, in which nothing is sent.</param>
internal sealed class EventsPage(PageFrame frame, EventDispatch? events, ReadOnlyMode readOnly)
{
    /// <summary>Path of the page.</summary>
    public const string Path = "/administration/events";

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        request.TakeTurns();
        var endpoints = new List<(EndpointStatus Status, EventDelivery? Last)>();
        if (events is not null)
        {
            foreach (var status in await events.ReadStatusAsync())
            {
                endpoints.Add((status, await events.ListAsync(status.Settings.Name, areSetAside: false, 1) is [var last] ? last : null));
            }
        }

        await frame.SendAsync(request, new PageHead("Events", Section.Administration), async output =>
        {
            output.Html.Write($"{new AdministrationHead("events")}");
            if (endpoints.Count == 0)
            {
                output.Html.Write($"""<p class="empty">No events are sent: REGISTRY_EVENTS_CONFIG is not set, or its file has no endpoints.</p>""");
                return;
            }

            WriteMode(output.Html, readOnly);
            await WriteEndpointsAsync(output, endpoints);
        });
        return null;
    }

    /// <summary>Writes why nothing is sent, if so.</summary>
    public static void WriteMode(HtmlWriter html, ReadOnlyMode readOnly)
    {
        if (readOnly.IsOn)
        {
            html.Write($"""<p class="fault">The registry is read-only, so nothing is sent. Events wait until that mode is turned off.</p>""");
        }
    }

    private static async Task WriteEndpointsAsync(PageOutput output, IReadOnlyList<(EndpointStatus Status, EventDelivery? Last)> endpoints)
    {
        var html = output.Html;
        html.Write(
            $"""
            <p class="quiet">Behind: the changes since the position of the endpoint, also those that are not for it. A position is noted every 10 seconds, and after each event.</p>
            <div class="scroll" role="region" aria-label="Endpoints" tabindex="0"><table>
            <thead><tr><th scope="col">Endpoint</th><th scope="col">Host</th><th scope="col">State</th><th scope="col" class="number">Behind</th><th scope="col">Last delivery</th><th scope="col" class="number">Delivered</th><th scope="col" class="number">Set aside</th><th scope="col"><span class="quiet">Change</span></th></tr></thead><tbody>

            """);
        foreach (var (status, last) in endpoints)
        {
            var name = status.Settings.Name;
            html.Write($"""<tr><th scope="row" class="name"><a href="{DeliveriesPage.PathOf(name)}"><bdi>{name}</bdi></a></th><td class="name"><bdi>{status.Host}</bdi></td>""");
            html.Write($"""<td>{new EndpointStatePart(status)}</td><td class="number">{Text(status.Behind)}</td><td>""");
            if (last is not null)
            {
                html.Write($"{new TimePart(last.Time)}");
            }

            html.Write($"""</td><td class="number">{Text(status.Delivered)}</td><td class="number">""");
            if (status.SetAside > 0)
            {
                html.Write($"""<a class="bad" href="{DeliveriesPage.PathOf(name, DeliveryAnswer.SetAside)}" aria-label="{Text(status.SetAside)} set aside for {name}">{Text(status.SetAside)}</a>""");
            }
            else
            {
                html.Write($"0");
            }

            html.Write($"""</td><td><a class="button" href="{ReplayPage.PathOf(name)}" aria-label="Send again to {name}">Send again…</a></td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
