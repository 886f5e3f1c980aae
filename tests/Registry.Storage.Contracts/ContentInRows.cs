using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Activity;
using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Promises;
using Registry.Core.Repositories;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Trash;

namespace Registry.Storage.Contracts;

/// <summary>Operations on an engine of metadata, in whose rows all content is: there is no store of bytes.</summary>
internal sealed class ContentInRows : IDisposable
{
    private readonly RecurringFaults _faults = new(TimeProvider.System, NullLogger<RecurringFaults>.Instance);
    private readonly IMetadataStore _metadata;

    /// <param name="engine">The engine.</param>
    /// <param name="period">Running time for which deleted manifests can be restored; zero for none.</param>
    public ContentInRows(IMetadataEngine engine, TimeSpan period = default)
    {
        _metadata = engine.Metadata;
        var blobs = new StagedBlobStore(new Nothing(), engine.Staged);
        var contents = new ContentCache(blobs, TimeProvider.System, maxBytes: 1024 * 1024);
        Contents = contents;
        var grace = new GracePeriod(engine.Clock, TimeSpan.FromDays(1));
        Manifests = new ManifestOperations(
            blobs,
            new Staging(engine.Staged, () => ValueTask.CompletedTask, Staging.NoLimit),
            contents,
            engine.Metadata,
            new ContentPromises(
                engine.Metadata,
                grace,
                new CollectionPause(engine.Clock, grace, isReadOnly: () => false, isShared: true, until: 0),
                _faults,
                NullLogger<ContentPromises>.Instance),
            ManifestReferences.SparseIndex,
            new StorageLimits(),
            new DamagedContent(_faults, NullLogger<DamagedContent>.Instance),
            keepsDeleted: period > TimeSpan.Zero);
        History = new HistoryOperations(engine.History, engine.Metadata, defaultLimit: 2, maxLimit: 4);
        Activity = new ActivityOperations(engine.Activity, defaultLimit: 2, maxLimit: 100);
        var trash = new TrashReader(engine.Trash, contents);
        Rollbacks = new RollbackOperations(engine.History, engine.Metadata, Manifests, trash);
        Trash = new TrashOperations(engine.Trash, engine.Metadata, new GracePeriod(engine.Clock, period), defaultLimit: 2, maxLimit: 4);
        Restores = new RestoreOperations(trash, engine.Metadata, Manifests);
        Repositories = new RepositoryOperations(engine.Repositories, engine.Metadata, period);
        RepositoryRestores = new RepositoryRestoreOperations(Repositories, engine.Trash, engine.History, engine.Metadata, Restores);
    }

    public IBlobReader Contents { get; }

    public ManifestOperations Manifests { get; }

    public HistoryOperations History { get; }

    public ActivityOperations Activity { get; }

    public RollbackOperations Rollbacks { get; }

    public TrashOperations Trash { get; }

    public RestoreOperations Restores { get; }

    public RepositoryOperations Repositories { get; }

    public RepositoryRestoreOperations RepositoryRestores { get; }

    /// <summary>Pushes an image: links to its blobs, of which no bytes exist, and the manifest.</summary>
    public async Task<RegistryError?> PushAsync(RepositoryName repository, byte[] manifest, params IReadOnlyList<Tag> tags)
    {
        foreach (var blob in ManifestReader.Read(manifest, null).Value.Blobs)
        {
            await _metadata.LinkBlobAsync(repository, blob.Digest, blob.Size);
        }

        return (await Manifests.PutAsync(repository, Samples.Digest(manifest), null, manifest, tags, Precondition.None, ContractOrigin.Request, default)).Error;
    }

    public void Dispose() => _faults.Dispose();

    // Nothing but the rows has bytes, and nothing removes bytes.
    private sealed class Nothing : IBlobStore, IAsyncDisposable
    {
        public ValueTask<long?> StatAsync(BlobPlace place, CancellationToken cancellationToken = default) => default;

        public ValueTask<BlobSource?> OpenAsync(BlobPlace place, CancellationToken cancellationToken = default) => default;

        public Task<BlobPlace> PutAsync(Digest digest, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("The content is too large for a row.");

        public Task DeleteAsync(IReadOnlyList<BlobPlace> places, CancellationToken cancellationToken = default) => Task.CompletedTask;

        public IAsyncEnumerable<BlobPlace> ListAsync(BlobPlace? after = null, CancellationToken cancellationToken = default) =>
            AsyncEnumerable.Empty<BlobPlace>();

        public ValueTask<IDisposable?> TryBeginRemovalAsync(CancellationToken cancellationToken = default) => default;

        public ValueTask<IAsyncDisposable> FenceAsync(Digest digest, CancellationToken cancellationToken = default) => ValueTask.FromResult<IAsyncDisposable>(this);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
