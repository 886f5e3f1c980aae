using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>References of a manifest, each once, as the lists that the statements of its push take. Made before the push waits for the writer.</summary>
internal sealed class PushedReferences
{
    /// <param name="manifest">The manifest.</param>
    /// <param name="required">References that the repository must have; null for none.</param>
    public PushedReferences(Manifest manifest, RequiredReferences? required)
    {
        var all = Distinct(manifest.References.Select(reference => reference.Digest));
        Count = all.Length;
        All = JsonList.Of(all);
        Blobs = required is null ? null : ListOf(Distinct(required.Blobs), all);
        Content = required is null ? null : ListOf(Distinct(required.Content), all);
    }

    /// <summary>Number of different digests.</summary>
    public int Count { get; }

    /// <summary>Every digest that the manifest refers to, except its subject.</summary>
    public string All { get; }

    /// <summary><see cref="RequiredReferences.Blobs"/>; null if there are none.</summary>
    public string? Blobs { get; }

    /// <summary><see cref="RequiredReferences.Content"/>; null if there is none.</summary>
    public string? Content { get; }

    // In order, since rows of an index that are near each other are found and added faster.
    private static string[] Distinct(IEnumerable<Digest> references)
    {
        string[] digests = [.. references.Select(digest => digest.Value).Distinct(StringComparer.Ordinal)];
        Array.Sort(digests, StringComparer.Ordinal);
        return digests;
    }

    private string? ListOf(string[] digests, string[] all) =>
        digests.Length == 0 ? null : digests.Length == all.Length ? All : JsonList.Of(digests);
}
