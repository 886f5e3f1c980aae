namespace Registry.Core.Maintenance;

/// <summary>What a verification has found so far.</summary>
public sealed record VerificationResult
{
    /// <summary>How many blobs and manifests were looked at.</summary>
    public long Count { get; private init; }

    /// <summary>How many bytes they have according to the metadata.</summary>
    public long Bytes { get; private init; }

    /// <summary>How many have other bytes than those that were stored.</summary>
    public long Damaged { get; private init; }

    /// <summary>How many have none.</summary>
    public long Missing { get; private init; }

    /// <summary>How many the disk does not give.</summary>
    public long Unreadable { get; private init; }

    /// <summary>Whether the database was found damaged.</summary>
    public bool IsMetadataDamaged { get; init; }

    /// <summary>How much is not as it should be; damage of the database counts once.</summary>
    public long Findings => Damaged + Missing + Unreadable + (IsMetadataDamaged ? 1 : 0);

    /// <summary>Whether everything was as it should be.</summary>
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
