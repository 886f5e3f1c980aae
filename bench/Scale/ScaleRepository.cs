using Registry.Core.Indexing;
using Registry.Core.Oci;

namespace Registry.Bench.Scale;

/// <summary>A repository of the <see cref="ScaleContent"/>.</summary>
internal sealed record ScaleRepository(RepositoryName Name, IReadOnlyList<ScaleManifest> Manifests)
{
    /// <summary>The repository as a tree of files has it.</summary>
    public TreeRepository ToTree()
    {
        var manifests = Manifests.Select(manifest =>
            new TreeManifest(manifest.Digest, manifest.Bytes.Length, ManifestReader.Read(manifest.Bytes, null).Value)).ToList();
        var tags = Manifests.SelectMany(manifest => manifest.Tags.Select(tag => KeyValuePair.Create(tag, manifest.Digest))).ToList();
        return new TreeRepository
        {
            Name = Name,
            Manifests = manifests,
            Layers = [.. manifests.SelectMany(manifest => manifest.Manifest.Blobs).DistinctBy(blob => blob.Digest).Select(blob => KeyValuePair.Create(blob.Digest, blob.Size))],
            Tags = tags,
            TagHistory = tags,
        };
    }
}
