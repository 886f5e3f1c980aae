using System.Globalization;
using Registry.Server.Http;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>A time in UTC, to the second.</summary>
/// <param name="time">The time.</param>
internal readonly struct TimePart(DateTimeOffset time) : IHtmlPart
{
    public void WriteTo(HtmlWriter html) => html.Write(
        $"""<time class="nowrap" datetime="{Rfc3339.Format(time)}">{time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}</time>""");
}
