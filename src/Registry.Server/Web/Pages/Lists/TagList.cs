using Registry.Core.Trash;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Lists;

/// <summary>The first tags of a deleted manifest.</summary>
/// <param name="entry">Its entry in the trash.</param>
internal readonly struct TagList(TrashEntry entry) : IHtmlPart
{
    // Beside each other in a row.
    private const int Shown = 5;

    public void WriteTo(HtmlWriter html)
    {
        foreach (var tag in entry.Tags.Take(Shown))
        {
            html.Write($"""<span class="kind">{new TagPart(tag)}</span> """);
        }

        if (entry.Tags.Count > Shown || entry.HasMoreTags)
        {
            html.Write($"and more");
        }
    }
}
