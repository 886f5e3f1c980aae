using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Uploads.Sessions;

/// <summary>Stored session of an upload in progress.</summary>
/// <param name="Id">Id in URLs.</param>
/// <param name="Repository">Repository of the blob.</param>
/// <param name="Owner">User who began it; null for an anonymous caller.</param>
/// <param name="Network">Network from which it was begun.</param>
/// <param name="Algorithm">Expected algorithm of the digest.</param>
public sealed record StoredUploadSession(Guid Id, RepositoryName Repository, string? Owner, ClientNetwork Network, DigestAlgorithm Algorithm)
{
    /// <summary>Number of the processes that have held the session, the present one included.</summary>
    public long Generation { get; init; } = 1;

    /// <summary>Number of received bytes when the row was last saved; see <see cref="IUploadBytes.PositionLag"/>.</summary>
    public long Position { get; init; }

    /// <summary>
    /// State of the hash of the bytes up to <see cref="Position"/>, in a form that the engine of the bytes chooses; null when it hashes them again, as the
    /// engine of files does.
    /// </summary>
    public ReadOnlyMemory<byte>? HashState { get; init; }

    /// <summary>Right of the present process to change the row.</summary>
    public UploadLease Lease => new(Id, Generation);

    /// <summary>Caller in whose share the upload is.</summary>
    public UploadHolder Holder => UploadHolder.Of(Owner, Network);
}
