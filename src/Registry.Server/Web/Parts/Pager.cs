using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>Links between the pages of a list.</summary>
internal static class Pager
{
    /// <summary>Writes the links, if there are any.</summary>
    /// <param name="html">The page.</param>
    /// <param name="path">Path of the list.</param>
    /// <param name="kept">Parameters that every page has; those without a value are left out.</param>
    /// <param name="next">Parameter of the next page; null on the last one.</param>
    /// <param name="isLater">True on a later page than the first.</param>
    public static void Write(HtmlWriter html, string path, IReadOnlyList<(string Name, string? Value)> kept, (string Name, string Value)? next, bool isLater)
    {
        if (next is null && !isLater)
        {
            return;
        }

        html.Write($"""<nav class="pager" aria-label="Pages">""");
        if (isLater)
        {
            html.Write($"""<a class="button" href="{PageUrl.Of(path, kept)}" rel="first">First page</a>""");
        }

        if (next is { } more)
        {
            html.Write($"""<a class="button" href="{PageUrl.Of(path, [.. kept, (more.Name, more.Value)])}" rel="next">Next page</a>""");
        }

        html.Write($"</nav>\n");
    }
}
