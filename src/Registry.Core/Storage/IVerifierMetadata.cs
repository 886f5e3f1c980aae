using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>The metadata as the verifier uses it.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IVerifierMetadata
{
    /// <summary>What is wrong with the database itself, as far as it can tell, in words; empty when nothing is.</summary>
    Task<IReadOnlyList<string>> FindDamageAsync();

    /// <summary>Content that should be stored, what is lost included, in the order of the ids, after an id.</summary>
    Task<IReadOnlyList<StoredContent>> ListStoredAsync(long afterId, int limit);

    /// <summary>How many blobs and manifests should be stored, and their size in bytes.</summary>
    Task<(long Count, long Bytes)> CountStoredAsync();

    /// <summary>The size in bytes of content that should be stored; null when it need not be, or not any more.</summary>
    Task<long?> FindSizeAsync(Digest digest);

    /// <summary>Some repositories that have content as a blob or as a manifest, each once.</summary>
    Task<IReadOnlyList<RepositoryName>> FindRepositoriesAsync(Digest digest, int limit);

    /// <summary>
    /// Records that the bytes are not here any more: repositories do not see the blob, and manifests that need it are refused, until somebody
    /// pushes it again. The caller holds the digest's lock.
    /// </summary>
    Task MarkLostAsync(Digest digest);

    /// <summary>Records that lost bytes are here again, as they were stored. The caller holds the digest's lock.</summary>
    Task MarkFoundAsync(Digest digest);

    /// <summary>How far the verification has got.</summary>
    Task<VerificationProgress> ReadProgressAsync();

    /// <summary>Saves how far it has got. Outlives the process, but perhaps not a power cut.</summary>
    Task SaveProgressAsync(VerificationProgress progress);
}
