using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Verification;

/// <summary>Metadata for the verifier.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IVerifierMetadata
{
    /// <summary>Checks the database itself, and lists its faults in words; empty without a fault.</summary>
    Task<IReadOnlyList<string>> FindDamageAsync();

    /// <summary>Lists content that should be stored, including lost content, after an id and in the order of the ids.</summary>
    Task<IReadOnlyList<StoredContent>> ListStoredAsync(long afterId, int limit);

    /// <summary>Counts the blobs and manifests that should be stored, and their size in bytes.</summary>
    Task<(long Count, long Bytes)> CountStoredAsync();

    /// <summary>Size in bytes of content that should be stored; null if it need not be stored any more.</summary>
    Task<long?> FindSizeAsync(Digest digest);

    /// <summary>Finds some repositories that have content as a blob or as a manifest, each once.</summary>
    Task<IReadOnlyList<RepositoryName>> FindRepositoriesAsync(Digest digest, int limit);

    /// <summary>
    /// Records that the bytes are lost, and removes their row if they were staged: repositories do not see the blob, and manifests that need it are refused,
    /// until a client pushes it again. Does nothing if the content has another place meanwhile. The caller holds the digest's fence.
    /// </summary>
    Task MarkLostAsync(BlobPlace place);

    /// <summary>
    /// Records that lost bytes exist again, as they were stored. Does nothing if the content has another place meanwhile. The caller holds the digest's fence.
    /// </summary>
    Task MarkFoundAsync(BlobPlace place);

    /// <summary>Reads the progress of the verification.</summary>
    Task<VerificationProgress> ReadProgressAsync();

    /// <summary>Saves the progress. It survives the end of the process, but perhaps not a power cut.</summary>
    Task SaveProgressAsync(VerificationProgress progress);
}
