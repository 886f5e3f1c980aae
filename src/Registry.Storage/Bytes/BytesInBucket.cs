using System.Diagnostics.Metrics;
using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Collection;
using Registry.Core.Indexing;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Verification;
using Registry.Storage.Files.Uploads;
using Registry.Storage.Metadata;
using Registry.Storage.S3;

namespace Registry.Storage.Bytes;

/// <summary>
/// Bytes as objects of a bucket, whose keys the metadata has. Small content stays in the metadata for good, so that only layers need requests to the
/// store. There is no tree, and nothing follows the metadata.
/// </summary>
public sealed class BytesInBucket : IStoredBytes
{
    private readonly IStoredMetadata _metadata;
    private readonly S3Storage _engine;
    private readonly StagedBlobStore _blobs;
    private readonly Staging _staging;
    private readonly IUploadBytes _uploadBytes;
    private IStagedQuarantine? _quarantine;

    private BytesInBucket(IStoredMetadata metadata, S3Storage engine, Spool spool)
    {
        (_metadata, _engine) = (metadata, engine);
        _blobs = new StagedBlobStore(engine.Blobs, metadata.Ports.Staged);
        _staging = new Staging(metadata.Ports.Staged, metadata.EnsureRoomAsync, Staging.NoLimit);
        _uploadBytes = new SpooledUploadBytes(metadata.Admit(engine.UploadBytes), spool);
    }

    /// <inheritdoc cref="S3Storage.Address"/>
    public string Address => _engine.Address;

    /// <summary>Sentence about the fault while requests to the bucket are refused; null while it works.</summary>
    public string? Failure => _engine.Failure;

    /// <inheritdoc cref="S3Storage.IsForeign"/>
    public bool IsForeign => _engine.IsForeign;

    IBlobStore IStoredBytes.Blobs => _blobs;

    Staging IStoredBytes.Staging => _staging;

    IUploadBytes IStoredBytes.UploadBytes => _uploadBytes;

    IBlobScrubber IStoredBytes.Scrub => _engine.Scrub;

    IStagedQuarantine IStoredBytes.Quarantine => _quarantine!;

    ILinkSearch? IStoredBytes.Links => null;

    IIndexer IStoredBytes.Indexer => NoTree.Instance;

    /// <inheritdoc cref="S3Storage.AddMetricsTo"/>
    public void AddMetricsTo(Meter meter) => _engine.AddMetricsTo(meter);

    /// <summary>Deletes the objects whose time has come.</summary>
    /// <returns>Number of deleted objects.</returns>
    /// <exception cref="StorageException">The bucket or the metadata does not work. The rest follows in the next cycle.</exception>
    public Task<int> DeleteDueAsync(CancellationToken cancellationToken) => _engine.DeleteDueAsync(cancellationToken);

    /// <summary>Asks the store whether it works again, while requests to it are refused.</summary>
    public Task TryAgainAsync(CancellationToken cancellationToken) => _engine.TryAgainAsync(cancellationToken);

    /// <inheritdoc cref="S3Storage.AdoptAsync"/>
    public Task<(string Writer, DateTimeOffset WrittenAt)?> AdoptAsync(CancellationToken cancellationToken) => _engine.AdoptAsync(cancellationToken);

    /// <summary>Opens the bucket of a storage, and records in the metadata that its bytes are in a bucket.</summary>
    /// <param name="metadata">The metadata.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="spoolFolder">Folder for copies of what is fetched.</param>
    /// <param name="environment">Settings and tools.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    /// <exception cref="StorageChoiceException">The settings do not allow what the registry needs, or the metadata has its bytes in files.</exception>
    internal static async Task<BytesInBucket> OpenAsync(
        IStoredMetadata metadata, S3Settings bucket, string spoolFolder, StorageEnvironment environment, CancellationToken cancellationToken)
    {
        await metadata.CheckBucketAsync();
        S3Storage engine;
        try
        {
            engine = await S3Storage.OpenAsync(bucket, metadata.Ports.Objects, environment.Faults, environment.Time, environment.Loggers, cancellationToken);
        }
        catch (StorageException e)
        {
            throw StorageChoiceException.OfBucket(e);
        }

        await metadata.RecordBucketAsync();
        return new BytesInBucket(metadata, engine, new Spool(spoolFolder, environment.Threads, environment.Time));
    }

    IBlobReader IStoredBytes.Serve(ContentCache contents) => _engine.Serve(contents);

    void IStoredBytes.Begin(RegistryStorage storage) => _quarantine = _metadata.OpenQuarantine(storage.VerifierMetadata);

    ValueTask IStoredBytes.FinishAsync(CancellationToken cutOff) => ValueTask.CompletedTask;

    ValueTask IAsyncDisposable.DisposeAsync()
    {
        _engine.Dispose();
        return ValueTask.CompletedTask;
    }
}
