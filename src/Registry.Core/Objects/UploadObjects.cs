namespace Registry.Core.Objects;

/// <summary>What a store that chooses keys has of an upload in progress.</summary>
/// <param name="Lease">Right of the present process to change it.</param>
public sealed record UploadObjects(ObjectLease Lease)
{
    /// <summary>Key of the object that the parts become; null while there is no multipart upload.</summary>
    public string? Key { get; init; }

    /// <summary>Id of the multipart upload; null exactly if <see cref="Key"/> is.</summary>
    public string? Multipart { get; init; }

    /// <summary>Parts that the store has acknowledged, in their order.</summary>
    public IReadOnlyList<ObjectPart> Parts { get; init; } = [];

    /// <summary>
    /// Highest number of a part that may have been sent, acknowledged or not. A process that takes the upload over sends the numbers after
    /// <see cref="Parts"/> first, since the store may have other bytes under them.
    /// </summary>
    public int Reserved { get; init; }

    /// <summary>Bytes after the parts; null for none.</summary>
    public ObjectRest? Rest { get; init; }

    /// <summary>
    /// True if the store was asked to join the parts, or is about to be. Nothing is appended any more: whichever process has the upload can only repeat the
    /// request, with the same parts.
    /// </summary>
    public bool IsJoining { get; init; }

    /// <summary>Number of bytes.</summary>
    public long Length => Parts.Sum(part => part.Length) + (Rest?.Length ?? 0);
}
