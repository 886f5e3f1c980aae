using Registry.Core.Errors;
using Registry.Core.Indexing;

namespace Registry.Server.Api.Maintenance;

/// <summary>Numbers of things that a reindex adds or removes.</summary>
internal readonly record struct ReindexTotals(long Repositories, long Tags, long Manifests, long Blobs)
{
    /// <summary>Adds a whole repository.</summary>
    public ReindexTotals With(RepositoryContents contents) => new(
        Repositories + 1, Tags + contents.Tags.Count, Manifests + contents.Manifests.Count, Blobs + contents.Blobs.Count);

    public override string ToString() => $"{Count.Of(Repositories, "repository")}, {Count.Of(Tags, "tag")}, {Count.Of(Manifests, "manifest")} and {Count.Of(Blobs, "blob")}";
}
