using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Collection;
using Registry.Core.Indexing;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Verification;
using Registry.Storage.Files;
using Registry.Storage.Files.Tree;
using Registry.Storage.Metadata;

namespace Registry.Storage.Bytes;

/// <summary>
/// Bytes in files of the data folder, with the repositories tree. Small content is in the metadata only until its file is written, and the tree follows
/// the metadata.
/// </summary>
public sealed class BytesInFiles : IStoredBytes
{
    private readonly StorageEnvironment _environment;
    private readonly bool _writesOut;
    private FileFollowers? _followers;
    private TreeIndexer? _indexer;

    /// <param name="folder">The folder, with its metadata.</param>
    /// <param name="environment">Settings and tools.</param>
    /// <param name="writesOut">True to write small content to its files.</param>
    /// <exception cref="StorageChoiceException">The folder has its bytes in a bucket.</exception>
    internal BytesInFiles(MetadataInFolder folder, StorageEnvironment environment, bool writesOut)
    {
        if (folder.Database.HasBlobsInBucket)
        {
            throw StorageChoiceException.OfBucketFolder(folder.Paths.Root);
        }

        (_environment, _writesOut) = (environment, writesOut);
        Engine = new FileStorage(
            folder.Paths, folder.Ports.Staged, environment.Threads, folder.Health, folder.Admission, environment.Faults, environment.Loggers, environment.Metrics);
    }

    /// <summary>Repositories tree, from which the metadata can be rebuilt.</summary>
    public TreeReader Tree => Engine.Tree;

    /// <summary>Fills the metadata from the tree.</summary>
    public TreeIndexer Indexer => _indexer!;

    /// <summary>Reason why the tree is behind the metadata; null if it is not.</summary>
    public string? TreeFailure => _followers?.TreeFailure;

    /// <summary>Reason why the files of small content are behind the metadata; null if they are not.</summary>
    public string? StagedFailure => _followers?.StagedFailure;

    /// <summary>True if the tree, or the files of small content, are behind the metadata.</summary>
    public bool IsBehind => TreeFailure is not null || StagedFailure is not null;

    /// <summary>
    /// Number of small blobs and manifests that only the metadata has, once the storage is closed; null if they cannot be read, or if the storage
    /// was opened to leave them there.
    /// </summary>
    public long? LeftStaged => _followers?.LeftStaged;

    IBlobStore IStoredBytes.Blobs => Engine.Blobs;

    Staging IStoredBytes.Staging => Engine.Staging;

    IUploadBytes IStoredBytes.UploadBytes => Engine.UploadBytes;

    IBlobScrubber IStoredBytes.Scrub => Engine.Scrub;

    IStagedQuarantine IStoredBytes.Quarantine => _followers!.Quarantine;

    ILinkSearch? IStoredBytes.Links => Engine.Links;

    IIndexer IStoredBytes.Indexer => Indexer;

    /// <summary>The engine of files.</summary>
    internal FileStorage Engine { get; }

    /// <summary>Writes all small content that only the metadata has to its files.</summary>
    /// <exception cref="StorageException">Content could not be written, and is still in the metadata only.</exception>
    public Task WriteOutAsync() => _followers!.WriteOutAsync();

    /// <inheritdoc cref="FileFollowers.CatchUpAsync"/>
    public Task CatchUpAsync(CancellationToken cancellationToken) => _followers!.CatchUpAsync(cancellationToken);

    IBlobReader IStoredBytes.Serve(ContentCache contents) => contents;

    void IStoredBytes.Begin(RegistryStorage storage)
    {
        _indexer = new TreeIndexer(Tree, storage.IndexTarget, _environment.Threads, _environment.Loggers.CreateLogger<TreeIndexer>());
        _followers = new FileFollowers(Engine, storage.Changes, storage.Listing, storage.VerifierMetadata, _writesOut, _environment.Time, _environment.Loggers);
    }

    ValueTask IStoredBytes.FinishAsync(CancellationToken cutOff) => _followers!.StopAsync(cutOff);

    ValueTask IAsyncDisposable.DisposeAsync() => _followers?.DisposeAsync() ?? ValueTask.CompletedTask;
}
