using Registry.Bench.Scale;
using Registry.Core.Oci;

namespace Registry.Bench.Pages;

/// <summary>Addresses of the pages (docs/web.md) and of the lists of the API that have the same.</summary>
internal static class PageAddresses
{
    // The most that a form has.
    private const int SelectedTags = 50;

    /// <summary>Addresses that are not of one repository.</summary>
    /// <param name="repository">A repository of the user.</param>
    /// <param name="digest">A manifest of it.</param>
    public static IEnumerable<PageAddress> OfAll(RepositoryName repository, Digest digest) =>
    [
        new("repositories", "/"),
        new("repositories, next page", "/", IsNext: true),
        new("repositories, the last in the order of the names", "/?after=team/app-50"),
        new("repositories by last push", "/?sort=pushed"),
        new("repositories by last push, next page", "/?sort=pushed", IsNext: true),
        new("repositories by size", "/?sort=size"),
        new("repositories by size, next page", "/?sort=size", IsNext: true),
        new("search: beginning of a name", "/?q=te"),
        new("search: part of many names", "/?q=app"),
        new("search: part of many names, by size", "/?q=app&sort=size"),
        new("search: part of few names", "/?q=app-07"),
        new("search: part of few names, by last push", "/?q=app-07&sort=pushed"),
        new("search: part of no name", "/?q=zzzq&sort=size"),
        new("search: name:tag", $"/?q={repository}:{ScaleContent.TagOf(0)}"),
        new("search: name and beginning of a tag", $"/?q={repository}:build-0000"),
        new("search: part of a name, and a tag", "/?q=app-0:build-000000"),
        new("search: a tag of nearly all", "/?q=:build-000000"),
        new("search: a tag of none", "/?q=:none"),
        new("search: beginning of a digest", $"/?q={digest.Value[..19]}"),
        new("search: digest that does not exist", "/?q=sha256:0123456789ab"),
        new("activity", "/activity"),
        new("activity, next page", "/activity", IsNext: true),
        new("activity of a user who has done nothing", "/activity?user=nobody"),
        new("trash", "/trash"),
        new("space", "/space"),
        new("space, next page", "/space", IsNext: true),
        new("API: repositories", "/api/v1/repositories"),
        new("API: repositories by last push", "/api/v1/repositories?sort=pushed"),
        new("API: repositories by size", "/api/v1/repositories?sort=size"),
        new("API: repositories, part of a name", "/api/v1/repositories?q=app-07"),
        new("API: activity", "/api/v1/activity/all"),
        new("API: trash", "/api/v1/trash/all"),
        new("API: space", "/api/v1/space"),
        new("API: description", "/api/v1/openapi.json"),
    ];

    /// <summary>Addresses of a repository.</summary>
    /// <param name="repository">The repository, with the tags 0 and 1 of <see cref="ScaleContent"/>.</param>
    /// <param name="digest">A manifest of it.</param>
    public static IEnumerable<PageAddress> Of(RepositoryName repository, Digest digest)
    {
        var (page, query) = ($"/repositories/{repository}", $"repository={repository}");
        var (tag, other) = (ScaleContent.TagOf(0), ScaleContent.TagOf(1));
        return
        [
            new("tags", page),
            new("tags, next page", page, IsNext: true),
            new("tags by name", $"{page}?sort=name"),
            new("tags by name, next page", $"{page}?sort=name", IsNext: true),
            new("tags by name, the last ones", $"{page}?sort=name&after=build-099900"),
            new("tags that begin alike, few", $"{page}?prefix=build-00000"),
            new("tags that begin alike, all", $"{page}?prefix=build"),
            new("manifests", $"{page}/-/manifests"),
            new("manifests, next page", $"{page}/-/manifests", IsNext: true),
            new("image by tag", $"{page}/-/tags/{tag}"),
            new("image by digest", $"{page}/-/manifests/{digest}"),
            new("comparison", $"{page}/-/compare?from={tag}&to={other}"),
            new("history of a tag", $"{page}/-/history/{tag}"),
            new("activity of a repository", $"{page}/-/activity"),
            new("space of a repository", $"{page}/-/space"),
            new("trash of a repository", $"{page}/-/trash"),
            new("API: tags", $"/api/v1/tags?{query}"),
            new("API: tags by time", $"/api/v1/tags?{query}&sort=time"),
            new("API: manifests", $"/api/v1/manifests?{query}"),
            new("API: manifest", $"/api/v1/manifests/show?{query}&reference={tag}"),
            new("API: history of a tag", $"/api/v1/tags/history?{query}&tag={tag}"),
            new("API: tag", $"/api/v1/tags/show?{query}&tag={tag}"),
            new("API: repository", $"/api/v1/repositories/show?{query}"),
            new("API: activity of a repository", $"/api/v1/activity?{query}"),
            new("API: trash of a repository", $"/api/v1/trash?{query}"),
            new("API: space of a repository", $"/api/v1/space/repository?{query}"),
        ];
    }

    /// <summary>Pages that ask before they change something, for a user who may.</summary>
    /// <param name="repository">The repository with many tags.</param>
    /// <param name="moved">A repository whose tag 0 was moved.</param>
    /// <param name="previous">The manifest to which it goes back.</param>
    /// <param name="deleted">A manifest in the trash.</param>
    public static IEnumerable<PageAddress> OfChanges(RepositoryName repository, RepositoryName moved, Digest previous, (RepositoryName Repository, Digest Digest) deleted) =>
    [
        new("history of a tag that was moved 99,900 times", $"/repositories/{moved}/-/history/{ScaleContent.TagOf(0)}"),
        new("history of a tag that was moved, next page", $"/repositories/{moved}/-/history/{ScaleContent.TagOf(0)}", IsNext: true),
        new("question: set a tag back", $"/repositories/{moved}/-/rollback/{ScaleContent.TagOf(0)}?to={previous}"),
        new("question: delete tags", $"/repositories/{repository}/-/delete?{string.Join('&', Enumerable.Range(0, SelectedTags).Select(i => $"tag={ScaleContent.TagOf(i * ScaleContent.TagsOfManifest)}"))}"),
        new("question: restore", $"/repositories/{deleted.Repository}/-/restore/{deleted.Digest}"),
        new("question: remove for ever", $"/repositories/{deleted.Repository}/-/purge/{deleted.Digest}"),
        new("API: deleted manifest", $"/api/v1/trash/show?repository={deleted.Repository}&digest={deleted.Digest}"),
    ];
}
