using System.Globalization;
using Registry.Core.Inventory;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Pages;

/// <summary>Other tags of the manifest of a tag: the same image. Few of them, so that a page of tags stays small; the page of the image has all.</summary>
/// <param name="tag">The tag.</param>
internal readonly struct OtherTags(TagEntry tag) : IHtmlPart
{
    private const int Shown = 3;

    public void WriteTo(HtmlWriter html)
    {
        var self = tag.Tag;
        var others = tag.Manifest.Tags.Where(other => other != self).ToList();
        if (others.Count == 0)
        {
            return;
        }

        // The list of a manifest with more tags is cut off, so their number is not known.
        var rest = others.Count - Shown;
        var more = tag.Manifest.HasMoreTags ? " and more" : rest > 0 ? string.Create(CultureInfo.InvariantCulture, $" and {rest} more") : string.Empty;
        html.Write($"""<div class="quiet">also {string.Join(", ", others.Take(Shown).Select(other => other.Value))}{more}</div>""");
    }
}
