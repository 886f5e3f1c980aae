using Registry.Core.Oci;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>The beginning of a digest, which leads to the page of its manifest or blob.</summary>
/// <param name="repository">Repository of the content; null for a digest that leads nowhere.</param>
/// <param name="digest">The digest.</param>
/// <param name="isBlob">True for a blob.</param>
internal readonly struct DigestPart(RepositoryName? repository, Digest digest, bool isBlob = false) : IHtmlPart
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
            html.Write($"""<a class="nowrap" href="/repositories/{name.Value}/-/{(isBlob ? "blobs" : "manifests")}/{digest.Value}" title="{digest.Value}"><code>{Short(digest)}</code></a>""");
        }
        else
        {
            html.Write($"""<code class="nowrap" title="{digest.Value}">{Short(digest)}</code>""");
        }
    }
}
