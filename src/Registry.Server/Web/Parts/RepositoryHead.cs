using Registry.Core.Oci;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>Heading of the pages of a repository, with their tabs.</summary>
/// <param name="repository">The repository.</param>
/// <param name="tab">The tab that is open: <c>tags</c>, <c>activity</c>, <c>manifests</c>, <c>space</c> or <c>trash</c>.</param>
/// <param name="upstream">Upstream from which the repository is mirrored; null to say none.</param>
internal readonly struct RepositoryHead(RepositoryName repository, string tab, string? upstream = null) : IHtmlPart
{
    public void WriteTo(HtmlWriter html)
    {
        html.Write(
            $"""
            <div class="crumbs"><a href="/">Repositories</a> ›</div>
            <div class="title"><h1><bdi>{repository.Value}</bdi></h1></div>

            """);
        if (upstream is not null)
        {
            html.Write($"<p>Mirrored from <bdi>{upstream}</bdi>.</p>\n");
        }

        html.Write(
            $"""
            <nav class="tabs" aria-label="Repository">
            <a href="/repositories/{repository.Value}"{Current("tags")}>Tags</a>
            <a href="/repositories/{repository.Value}/-/activity"{Current("activity")}>Activity</a>
            <a href="/repositories/{repository.Value}/-/manifests"{Current("manifests")}>Manifests</a>
            <a href="/repositories/{repository.Value}/-/space"{Current("space")}>Space</a>
            <a href="/repositories/{repository.Value}/-/trash"{Current("trash")}>Trash</a>
            </nav>

            """);
    }

    private RawHtml Current(string name) => new(name == tab ? " aria-current=\"page\"" : string.Empty);
}
