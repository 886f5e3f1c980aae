using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;
using Registry.Storage.Postgres;

namespace Registry.Storage.S3.Tests.Nodes;

/// <summary>A node: its own connections to a database and to a bucket, which it shares with other nodes.</summary>
internal sealed class Node : IAsyncDisposable
{
    /// <summary>Largest number of uploads in progress.</summary>
    public const int MaxUploads = 16;

    private static readonly RepositoryName App = Samples.Repository("team/app");

    private readonly S3Storage _storage;

    private Node(PostgresDatabase database, S3Storage storage, S3Engine bucket)
    {
        (Database, _storage) = (database, storage);
        var limits = new StorageLimits { MaxUploads = MaxUploads, BlobMaxSize = long.MaxValue };
        Metadata = new PostgresMetadataStore(database, TimeProvider.System, NoRules.Instance);
        Uploads = new UploadStore(
            storage.UploadBytes, new PostgresUploadSessions(database), bucket.Staging, limits, TimeProvider.System, NullLogger<UploadStore>.Instance);
        Operations = new UploadOperations(Uploads, storage.Blobs, storage.Serve(new ContentCache(storage.Blobs, TimeProvider.System, maxBytes: 0)), Metadata, limits, TimeProvider.System);
        Expiry = new UploadExpiry(Uploads, TimeSpan.FromHours(1), NullLogger<UploadExpiry>.Instance);
    }

    public PostgresDatabase Database { get; }

    public IMetadataStore Metadata { get; }

    public IBlobStore Blobs => _storage.Blobs;

    public UploadStore Uploads { get; }

    public UploadOperations Operations { get; }

    /// <summary>Discards uploads that have been idle for an hour.</summary>
    public UploadExpiry Expiry { get; }

    /// <summary>Starts a node.</summary>
    /// <param name="database">The database.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="around">Puts a handler around its connections to the bucket; null for none.</param>
    public static async Task<Node> StartAsync(PostgresSettings database, S3Engine bucket, Func<HttpMessageHandler, HttpMessageHandler>? around = null)
    {
        var opened = await PostgresDatabase.OpenAsync(database);
        return new Node(opened, bucket.OpenNode(new PostgresObjectLedger(opened), around), bucket);
    }

    /// <summary>Begins an upload.</summary>
    public async Task<Guid> BeginAsync(string? owner = null) =>
        (await Operations.BeginAsync(App, owner, DigestAlgorithm.Sha256)).TryGet(out var session, out _) ? session.Id : Guid.Empty;

    /// <summary>Appends a chunk at a position, as a PATCH does.</summary>
    public Task<Result<long>> AppendAsync(Guid id, long position, byte[] chunk, string? owner = null) => Operations.AppendAsync(
        App, owner, id, new ChunkPlace(position), Samples.Body(chunk), TestContext.Current.CancellationToken);

    /// <summary>Appends a last chunk, and completes the upload, as a PUT does.</summary>
    public Task<Result<long>> CompleteAsync(Guid id, long position, byte[] content) => Operations.CompleteAsync(
        App,
        null,
        id,
        Samples.Digest(content),
        new ChunkPlace(position),
        Samples.Body(content[(int)position..]),
        ContractOrigin.Request,
        TestContext.Current.CancellationToken);

    /// <summary>Acquires an upload that is free.</summary>
    public async Task<Upload> AcquireAsync(Guid id)
    {
        var upload = await Uploads.TryAcquireAsync(id);
        Assert.NotNull(upload);
        return upload;
    }

    /// <summary>Bytes of a blob; null if the repository does not have it.</summary>
    public async Task<byte[]?> ReadAsync(Digest digest) =>
        await Metadata.FindBlobAsync(App, digest) is { } blob ? await Blobs.ReadAsync(blob.Place) : null;

    /// <summary>Links a blob for the holder of an upload.</summary>
    public Task<RegistryError?> LinkAsync(Digest digest, UploadLease lease) => Metadata.LinkBlobAsync(App, digest, 4, lease);

    /// <summary>Deletes the objects that are due.</summary>
    public Task DeleteDueAsync() => _storage.DeleteDueAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        _storage.Dispose();
        await Database.DisposeAsync();
    }
}
