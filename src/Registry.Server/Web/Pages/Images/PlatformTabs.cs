using Registry.Server.Web.Html;
using Registry.Server.Web.Images;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Links from an index to the image of each platform, under the same tag or digest. Nothing for what has no platforms.</summary>
/// <param name="path">Page of the index.</param>
/// <param name="platforms">The platforms.</param>
/// <param name="chosen">Platform of the page; null on that of the index.</param>
internal readonly struct PlatformTabs(string path, IReadOnlyList<ImageChild> platforms, string? chosen) : IHtmlPart
{
    public void WriteTo(HtmlWriter html)
    {
        if (platforms.Count == 0)
        {
            return;
        }

        html.Write($"""<nav class="tabs" aria-label="Platforms"><a href="{path}"{Current(chosen is null)}>All platforms</a>""");
        foreach (var child in platforms)
        {
            html.Write($"""<a href="{PageUrl.Of(path, ("platform", child.Platform))}"{Current(child.Platform == chosen)}>{child.Platform}</a>""");
        }

        html.Write($"</nav>\n");
    }

    private static RawHtml Current(bool isCurrent) => new(isCurrent ? " aria-current=\"page\"" : string.Empty);
}
