namespace Registry.Images;

/// <summary>Result of an export, an import or a copy.</summary>
public sealed record TransferReport
{
    /// <summary>Requested or found images, with their tags or digests.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>Number of manifests and indexes.</summary>
    public required long Manifests { get; init; }

    /// <summary>Number of those manifests that are referrers, such as signatures and SBOMs. Null for an import, which does not distinguish them.</summary>
    public long? Referrers { get; init; }

    /// <summary>Number of blobs that were written or linked; those that existed do not count.</summary>
    public required long Blobs { get; init; }

    /// <summary>Size of the blobs that were written, in bytes; 0 if they were only linked.</summary>
    public required long Bytes { get; init; }

    /// <summary>Number of manifests that an index lists but that do not exist, as when one platform of many was copied.</summary>
    public required long Missing { get; init; }
}
