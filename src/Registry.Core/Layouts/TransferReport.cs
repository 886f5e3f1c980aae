namespace Registry.Core.Layouts;

/// <summary>What an export, an import or a copy has done.</summary>
public sealed record TransferReport
{
    /// <summary>The images that were asked for or found, with their tags or digests.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>How many manifests and indexes.</summary>
    public required long Manifests { get; init; }

    /// <summary>How many of them refer to another one: signatures, SBOMs and the like. An import does not tell them apart: null.</summary>
    public long? Referrers { get; init; }

    /// <summary>How many blobs were written or linked; those that were there already do not count.</summary>
    public required long Blobs { get; init; }

    /// <summary>The size of the blobs that were written, in bytes; 0 when they were only linked.</summary>
    public required long Bytes { get; init; }

    /// <summary>How many manifests an index lists that are not there, as when one platform of many was copied.</summary>
    public required long Missing { get; init; }
}
