using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>A bar for a part of a whole. The number stands beside it, so it is decoration.</summary>
/// <param name="part">The part.</param>
/// <param name="whole">The whole.</param>
internal readonly struct BarPart(long part, long whole) : IHtmlPart
{
    // As SVG: the policy allows no inline style.
    private const int Width = 200;

    public void WriteTo(HtmlWriter html)
    {
        var filled = whole <= 0 || part <= 0 ? 0 : Math.Clamp((long)Math.Round((double)part / whole * Width), 1, Width);
        html.Write($"""<svg class="bar" viewBox="0 0 200 8" preserveAspectRatio="none" aria-hidden="true"><rect width="{filled}" height="8"/></svg>""");
    }
}
