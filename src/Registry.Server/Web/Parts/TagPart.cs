using Registry.Core.Oci;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>A tag. Those of signatures and the like have the whole digest of their image in their name, and are cut as digests are.</summary>
/// <param name="tag">The tag.</param>
internal readonly struct TagPart(Tag tag) : IHtmlPart
{
    // "sha256-" and as many digits as of a digest.
    private const int Shown = 19;

    public void WriteTo(HtmlWriter html)
    {
        var name = tag.Value;
        if (!AttachedTag.Is(tag))
        {
            html.Write($"{name}");
            return;
        }

        var end = name.IndexOf('.', StringComparison.Ordinal);
        html.Write($"""<span class="nowrap" title="{name}">{name[..Shown]}…{(end < 0 ? "" : name[end..])}</span>""");
    }
}
