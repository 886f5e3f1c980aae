using System.Globalization;
using Registry.Events.Status;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration.Events;

/// <summary>Whether an endpoint takes its events, or since when and why not.</summary>
/// <param name="status">State of the endpoint.</param>
internal readonly struct EndpointStatePart(EndpointStatus status) : IHtmlPart
{
    public void WriteTo(HtmlWriter html)
    {
        if (status.Lanes.Count == 0)
        {
            html.Write($"""<span class="quiet">has not begun yet</span>""");
        }
        else if (status is { FailingSince: { } since, Fault: var fault })
        {
            html.Write($"""<span class="bad">failing since {new TimePart(since)}, in {Text(status.Failing)} of {Text(status.Lanes.Count)} lanes: it <bdi>{fault}</bdi>. Events wait, and are tried again</span>""");
        }
        else
        {
            html.Write($"""<span class="good">ok</span>""");
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
