using Registry.Core.Oci;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>The beginning of a digest, which leads to its manifest.</summary>
/// <param name="repository">Repository of the manifest; null for a digest that leads nowhere.</param>
/// <param name="digest">The digest.</param>
internal readonly struct DigestPart(RepositoryName? repository, Digest digest) : IHtmlPart
{
    private const int Shown = 12;

    /// <summary>The algorithm and the first digits, which people recognise.</summary>
    public static string Short(Digest digest)
    {
        var text = digest.Value;
        return text[..(text.IndexOf(':', StringComparison.Ordinal) + 1 + Shown)];
    }

    public void WriteTo(HtmlWriter html)
    {
        if (repository is { } name)
        {
            html.Write($"""<a class="nowrap" href="/repositories/{name.Value}/-/manifests/{digest.Value}" title="{digest.Value}"><code>{Short(digest)}</code></a>""");
        }
        else
        {
            html.Write($"""<code class="nowrap" title="{digest.Value}">{Short(digest)}</code>""");
        }
    }
}
