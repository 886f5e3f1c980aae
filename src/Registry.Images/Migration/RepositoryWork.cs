using Registry.Core.Indexing;
using Registry.Core.Oci;

namespace Registry.Images.Migration;

/// <summary>What makes a repository of the target the same as that of the source.</summary>
/// <param name="StaleTags">Tags to remove.</param>
/// <param name="StaleManifests">Manifests to remove.</param>
/// <param name="StaleBlobs">Blobs to make invisible.</param>
/// <param name="Blobs">Blobs to add.</param>
/// <param name="Manifests">Manifests to add, or to tag again, each with the tags to set.</param>
/// <param name="NewManifests">How many of them are to be added.</param>
/// <param name="Tags">Number of tags to set.</param>
internal sealed record RepositoryWork(
    IReadOnlyList<Tag> StaleTags,
    IReadOnlyList<Digest> StaleManifests,
    IReadOnlyList<Digest> StaleBlobs,
    IReadOnlyList<Digest> Blobs,
    IReadOnlyDictionary<Digest, IReadOnlyList<Tag>> Manifests,
    int NewManifests,
    int Tags)
{
    /// <summary>Compares a repository of both ends.</summary>
    public static RepositoryWork Between(RepositoryContents source, RepositoryContents target)
    {
        var missing = source.Manifests.Except(target.Manifests).ToHashSet();
        var tags = source.Tags.Where(tag => !target.Tags.TryGetValue(tag.Key, out var digest) || digest != tag.Value).ToLookup(tag => tag.Value, tag => tag.Key);
        var manifests = missing.Union(tags.Select(tagged => tagged.Key)).ToDictionary(digest => digest, digest => (IReadOnlyList<Tag>)[.. tags[digest]]);
        return new RepositoryWork(
            [.. target.Tags.Keys.Except(source.Tags.Keys)],
            [.. target.Manifests.Except(source.Manifests)],
            [.. target.Blobs.Except(source.Blobs)],
            [.. source.Blobs.Except(target.Blobs)],
            manifests,
            missing.Count,
            tags.Sum(tagged => tagged.Count()));
    }
}
