using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.SmallContent;

/// <summary>
/// Small content that is durable as rows of the metadata. The transaction that links content adds its row (<see cref="IMetadataStore.LinkBlobAsync"/>,
/// <see cref="ManifestPut.Staged"/>). In an engine beside a store of files, a row waits for its file, and is removed once that is durable. In one that many
/// nodes share, a row stays as long as its content: none waits.
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IStagedContent
{
    /// <summary>Called after a commit while content waits, on the thread that commits: it must return at once.</summary>
    event Action? Staged;

    /// <summary>
    /// Weight of all content that waits, as of the last commit (<see cref="StagedContent.WeightOf"/>); 0 if there is none. While a commit is in progress, it is
    /// that before or after it, whichever is larger. A process that reads beside the one that writes does not know it, and gets the largest number.
    /// </summary>
    long Weight { get; }

    /// <summary>True if no content has a row for certain, so that none need be looked for.</summary>
    bool IsEmpty => Weight == 0;

    /// <summary>Finds content; null if it is not staged.</summary>
    Task<StagedContent?> FindAsync(Digest digest);

    /// <summary>Size of content in bytes; null if it is not staged.</summary>
    Task<long?> FindSizeAsync(Digest digest);

    /// <summary>Lists content that waits, after an id, the oldest first.</summary>
    Task<IReadOnlyList<StagedContent>> ListAsync(long afterId, int limit);

    /// <summary>Finds those ids that still exist. A later push of the same content has another id, if rows wait.</summary>
    Task<IReadOnlySet<long>> FindPresentAsync(IReadOnlyCollection<long> ids);

    /// <summary>
    /// Removes rows by their ids, if they wait: their content has a file. Survives the end of the process, but perhaps not a power cut: then the rows are
    /// back. A row that stays goes with its content, or when a push records another place.
    /// </summary>
    Task RemoveAsync(IReadOnlyCollection<long> ids);
}
