using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Collection;
using Registry.Core.Indexing;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Verification;
using Registry.Storage.Files;
using Registry.Storage.Files.SmallContent;
using Registry.Storage.S3;
using Registry.Storage.S3.Blobs;
using Registry.Storage.Sqlite;

namespace Registry.Storage.Bytes;

/// <summary>
/// Bytes as objects of a bucket, whose keys the database has. Small content stays in the database for good, so that only layers need requests to the
/// store. There is no tree, and nothing follows the metadata.
/// </summary>
public sealed class BytesInBucket : IStoredBytes
{
    private readonly OpenedFolder _folder;
    private readonly S3Storage _engine;
    private readonly StagedBlobStore _blobs;
    private readonly Staging _staging;
    private readonly AdmittedUploadBytes _uploadBytes;
    private StagedQuarantine? _quarantine;

    private BytesInBucket(OpenedFolder folder, S3Storage engine)
    {
        (_folder, _engine) = (folder, engine);
        _blobs = new StagedBlobStore(engine.Blobs, folder.Staged);
        _staging = new Staging(folder.Staged, folder.Admission.EnsureRoomAsync, Staging.NoLimit);
        _uploadBytes = new AdmittedUploadBytes(engine.UploadBytes, folder.Admission);
    }

    /// <inheritdoc cref="S3Storage.Address"/>
    public string Address => _engine.Address;

    /// <summary>Sentence about the fault while requests to the bucket are refused; null while it works.</summary>
    public string? Failure => _engine.Failure;

    IBlobStore IStoredBytes.Blobs => _blobs;

    Staging IStoredBytes.Staging => _staging;

    IUploadBytes IStoredBytes.UploadBytes => _uploadBytes;

    IBlobScrubber IStoredBytes.Scrub => _engine.Scrub;

    IStagedQuarantine IStoredBytes.Quarantine => _quarantine!;

    ILinkSearch? IStoredBytes.Links => null;

    IIndexer IStoredBytes.Indexer => NoTree.Instance;

    /// <summary>Deletes the objects whose time has come.</summary>
    /// <returns>Number of deleted objects.</returns>
    /// <exception cref="StorageException">The bucket or the metadata does not work. The rest follows in the next cycle.</exception>
    public Task<int> DeleteDueAsync(CancellationToken cancellationToken) => _engine.DeleteDueAsync(cancellationToken);

    /// <summary>Asks the store whether it works again, while requests to it are refused.</summary>
    public Task TryAgainAsync(CancellationToken cancellationToken) => _engine.TryAgainAsync(cancellationToken);

    /// <summary>Opens the bucket of a folder, and records in the folder that its bytes are in a bucket.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    /// <exception cref="StorageChoiceException">The settings do not allow what the registry needs, or the folder has its bytes in files.</exception>
    internal static async Task<BytesInBucket> OpenAsync(OpenedFolder folder, S3Settings bucket, CancellationToken cancellationToken)
    {
        var isNew = !folder.Database.HasBlobsInBucket;
        if (isNew && (folder.Folder.HasBlobs || (await folder.Database.ReadTotalsAsync()).Blobs > 0))
        {
            throw StorageChoiceException.OfFiles(folder.Paths.Root);
        }

        S3Storage engine;
        try
        {
            engine = await S3Storage.OpenAsync(bucket, new SqliteObjectLedger(folder.Database), folder.Faults, folder.Time, folder.Loggers, cancellationToken);
        }
        catch (StorageException e)
        {
            throw StorageChoiceException.OfBucket(e);
        }

        if (isNew)
        {
            await folder.Database.SetBlobsInBucketAsync();
        }

        return new BytesInBucket(folder, engine);
    }

    IBlobReader IStoredBytes.Serve(ContentCache contents) => new S3BlobReader(contents);

    void IStoredBytes.Begin(RegistryStorage storage) => _quarantine = new StagedQuarantine(
        _folder.Paths, _folder.Threads, new CheckedSync(_folder.Health, _folder.Metrics), _folder.Staged, storage.VerifierMetadata);

    ValueTask IStoredBytes.FinishAsync(CancellationToken cutOff) => ValueTask.CompletedTask;

    ValueTask IAsyncDisposable.DisposeAsync()
    {
        _engine.Dispose();
        return ValueTask.CompletedTask;
    }
}
