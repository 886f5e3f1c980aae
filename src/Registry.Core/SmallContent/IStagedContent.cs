using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.SmallContent;

/// <summary>
/// Small content that is durable as rows of the metadata and waits for its file. The transaction that links content adds its row
/// (<see cref="IMetadataStore.LinkBlobAsync"/>, <see cref="ManifestPut.Staged"/>); a row is removed once its file is durable.
/// </summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IStagedContent
{
    /// <summary>Called after a commit while content is staged, on the thread that commits: it must return at once.</summary>
    event Action? Staged;

    /// <summary>
    /// Weight of all staged content as of the last commit (<see cref="StagedContent.WeightOf"/>); 0 if there is none. A process that reads beside
    /// the one that writes does not know it, and gets the largest number.
    /// </summary>
    long Weight { get; }

    /// <summary>Finds content; null if it is not staged.</summary>
    Task<StagedContent?> FindAsync(Digest digest);

    /// <summary>Size of content in bytes; null if it is not staged.</summary>
    Task<long?> FindSizeAsync(Digest digest);

    /// <summary>Lists staged content after an id, the oldest first.</summary>
    Task<IReadOnlyList<StagedContent>> ListAsync(long afterId, int limit);

    /// <summary>Finds those ids that still exist. A later push of the same content has another id.</summary>
    Task<IReadOnlySet<long>> FindPresentAsync(IReadOnlyCollection<long> ids);

    /// <summary>Removes rows by their ids. Survives the end of the process, but perhaps not a power cut: then the rows are back.</summary>
    Task RemoveAsync(IReadOnlyCollection<long> ids);
}
