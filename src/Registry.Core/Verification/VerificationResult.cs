namespace Registry.Core.Verification;

/// <summary>Result of a verification so far.</summary>
public sealed record VerificationResult
{
    /// <summary>Number of blobs and manifests that were inspected.</summary>
    public long Count { get; private init; }

    /// <summary>Their size in bytes according to the metadata.</summary>
    public long Bytes { get; private init; }

    /// <summary>Number of those whose bytes do not have their digest.</summary>
    public long Damaged { get; private init; }

    /// <summary>Number of those without a file.</summary>
    public long Missing { get; private init; }

    /// <summary>Number of those that the disk cannot read.</summary>
    public long Unreadable { get; private init; }

    /// <summary>True if the database is damaged.</summary>
    public bool IsMetadataDamaged { get; init; }

    /// <summary>Number of faults; damage of the database counts once.</summary>
    public long Findings => Damaged + Missing + Unreadable + (IsMetadataDamaged ? 1 : 0);

    /// <summary>True without any fault.</summary>
    public bool IsClean => Findings == 0;

    internal VerificationResult With(long bytes, BlobCondition condition) => this with
    {
        Count = Count + 1,
        Bytes = Bytes + bytes,
        Damaged = Damaged + (condition == BlobCondition.Damaged ? 1 : 0),
        Missing = Missing + (condition == BlobCondition.Missing ? 1 : 0),
        Unreadable = Unreadable + (condition == BlobCondition.Unreadable ? 1 : 0),
    };
}
