using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Rows;

/// <summary>References of a manifest, each once and in order, as the lists that the statements of its push take.</summary>
internal sealed class PushedReferences
{
    /// <param name="manifest">The manifest.</param>
    /// <param name="required">References that the repository must have; null for none.</param>
    public PushedReferences(Manifest manifest, RequiredReferences? required)
    {
        All = Distinct(manifest.References.Select(reference => reference.Digest));
        Blobs = required is null ? [] : Distinct(required.Blobs);
        Content = required is null ? [] : Distinct(required.Content);
    }

    private PushedReferences(string[] all) => (All, Blobs, Content) = (all, [], []);

    /// <summary>Every digest that the manifest refers to, except its subject.</summary>
    public string[] All { get; }

    /// <summary><see cref="RequiredReferences.Blobs"/>.</summary>
    public string[] Blobs { get; }

    /// <summary><see cref="RequiredReferences.Content"/>.</summary>
    public string[] Content { get; }

    /// <summary>The same references, none of which must exist.</summary>
    public PushedReferences WithoutRequired() => new(All);

    /// <summary>Digests, each once and in order.</summary>
    public static string[] Distinct(IEnumerable<Digest> digests)
    {
        string[] values = [.. digests.Select(digest => digest.Value).Distinct(StringComparer.Ordinal)];
        Array.Sort(values, StringComparer.Ordinal);
        return values;
    }
}
