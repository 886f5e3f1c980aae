using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>References of a manifest, each once, as the lists that the statements of its push take. Made before the push waits for the writer.</summary>
internal sealed class PushedReferences
{
    /// <param name="manifest">The manifest.</param>
    /// <param name="references">What the repository must have.</param>
    public PushedReferences(Manifest manifest, ManifestReferences references)
    {
        var all = Distinct(manifest.References);
        Count = all.Length;
        All = JsonList.Of(all);
        Blobs = references == ManifestReferences.Sparse ? null : ListOf(Distinct(manifest.Blobs), all);
        Children = references == ManifestReferences.Strict ? ListOf(Distinct(manifest.Manifests), all) : null;
    }

    /// <summary>Number of different digests.</summary>
    public int Count { get; }

    /// <summary>Every digest that the manifest refers to, except its subject.</summary>
    public string All { get; }

    /// <summary>Blobs that the repository must have; null if there are none.</summary>
    public string? Blobs { get; }

    /// <summary>Manifests or blobs that the repository must have; null if there are none.</summary>
    public string? Children { get; }

    // In order, since rows of an index that are near each other are found and added faster.
    private static string[] Distinct(IEnumerable<Descriptor> descriptors)
    {
        string[] digests = [.. descriptors.Select(descriptor => descriptor.Digest.Value).Distinct(StringComparer.Ordinal)];
        Array.Sort(digests, StringComparer.Ordinal);
        return digests;
    }

    private string? ListOf(string[] digests, string[] all) =>
        digests.Length == 0 ? null : digests.Length == all.Length ? All : JsonList.Of(digests);
}
