using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Inventory.Records;

/// <summary>Record of a manifest, with what a list shows of it.</summary>
public sealed record ListedManifest
{
    /// <summary>Id in the metadata.</summary>
    public required long Id { get; init; }

    public required Digest Digest { get; init; }

    /// <summary>Place of its bytes.</summary>
    public required BlobPlace Place { get; init; }

    public required string MediaType { get; init; }

    /// <summary>Type in the referrers listing; null for an index without one, and if it is very long.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>Manifest that it refers to; null for none.</summary>
    public Digest? Subject { get; init; }

    /// <summary>Size of the manifest itself in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Time of the last push, as Unix time in seconds.</summary>
    public required long PushedAt { get; init; }

    /// <summary>Its tags, in ordinal order, up to a limit.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>
    /// Size of the manifest and of all that it and the manifests of an index refer to in bytes, each counted once; null if that are more than a limit.
    /// </summary>
    public long? TotalSize { get; init; }
}
