using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>A change in a list of what has happened. It has no line break.</summary>
/// <param name="change">The change, as the caller may see it.</param>
/// <param name="isOfAll">True in a list of all repositories.</param>
internal readonly struct ChangePart(RegistryChange change, bool isOfAll) : IHtmlPart
{
    public void WriteTo(HtmlWriter html)
    {
        html.Write($"<li><div>");
        if (isOfAll)
        {
            html.Write($"""<a href="/repositories/{change.Repository.Value}"><bdi>{change.Repository.Value}</bdi></a>: """);
        }

        WriteWhat(html);
        html.Write($"""</div><div class="quiet">{new TimePart(change.Time)} by {new OriginPart(change.Origin)}""");
        if (change.Reason is { } reason)
        {
            html.Write($" (<bdi>{reason}</bdi>)");
        }

        html.Write($"</div></li>");
    }

    // A removed manifest leads nowhere.
    private void WriteWhat(HtmlWriter html)
    {
        switch (change.Kind)
        {
            case ChangeKind.ManifestAdded when change.Digest is { } added:
                html.Write($"manifest {new DigestPart(change.Repository, added)} pushed");
                break;
            case ChangeKind.ManifestRemoved when change.Digest is { } removed:
                html.Write($"manifest {new DigestPart(null, removed)} deleted");
                break;
            case ChangeKind.TagSet when change is { Tag: { } tag, Digest: { } digest }:
                html.Write($"tag {new TagLink(change.Repository, tag)} set to {new DigestPart(change.Repository, digest)}");
                break;
            case ChangeKind.TagRemoved when change.Tag is { } tag:
                html.Write($"tag {new TagLink(change.Repository, tag)} deleted");
                break;
            case ChangeKind.RepositoryRenamed when change.NewName is { } newName:
                html.Write($"""renamed to <a href="/repositories/{newName.Value}"><bdi>{newName.Value}</bdi></a>""");
                break;
        }

        if (change.Previous is { } previous)
        {
            html.Write($", before: {new DigestPart(change.Repository, previous)}");
        }
    }

    // Leads to the history of the tag, which has it also when it is deleted.
    private readonly struct TagLink(RepositoryName repository, Tag tag) : IHtmlPart
    {
        public void WriteTo(HtmlWriter html) => html.Write($"""<a href="/repositories/{repository.Value}/-/history/{tag.Value}"><bdi>{tag.Value}</bdi></a>""");
    }
}
