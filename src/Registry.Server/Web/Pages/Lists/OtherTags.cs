using System.Globalization;
using Registry.Core.Oci;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Lists;

/// <summary>Other tags of a manifest: the same image. Few of them, so that a list stays small; the page of the image has all.</summary>
/// <param name="tags">Tags of the manifest; null for none.</param>
/// <param name="self">The tag that the list is about, which is left out.</param>
/// <param name="hasMore">True if the manifest has more tags.</param>
internal readonly struct OtherTags(IReadOnlyList<Tag>? tags, Tag self, bool hasMore = false) : IHtmlPart
{
    private const int Shown = 3;

    public void WriteTo(HtmlWriter html)
    {
        var own = self;
        var others = (tags ?? []).Where(other => other != own).ToList();
        if (others.Count == 0)
        {
            return;
        }

        html.Write($"""<div class="quiet">also """);
        for (var i = 0; i < Math.Min(others.Count, Shown); i++)
        {
            html.Write($"{(i == 0 ? "" : ", ")}{new TagPart(others[i])}");
        }

        // The list of a manifest with more tags is cut off, so their number is not known.
        var rest = others.Count - Shown;
        html.Write($"""{(hasMore ? " and more" : rest > 0 ? string.Create(CultureInfo.InvariantCulture, $" and {rest} more") : "")}</div>""");
    }
}
