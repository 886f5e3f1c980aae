using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Objects;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Verification;
using Registry.Storage.S3.Blobs;
using Registry.Storage.S3.Requests;
using Registry.Storage.S3.Uploads;

namespace Registry.Storage.S3;

/// <summary>The engine of bytes in an S3 store, which any number of processes share.</summary>
public sealed class S3Storage : IDisposable
{
    // For a while that a client does not notice.
    private static readonly TimeSpan MemoryPatience = TimeSpan.FromSeconds(1);

    private readonly S3Client _client;
    private readonly bool _redirects;
    private readonly BucketOwnership _ownership;
    private readonly ObjectDeletions _deletions;
    private readonly UploadMemory _memory;

    /// <summary>Prepares the engine; no request is made.</summary>
    /// <param name="settings">The bucket.</param>
    /// <param name="ledger">The rows of the objects.</param>
    /// <param name="faults">Faults that recur.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="around">Puts a handler around the connections, for tests; null for none.</param>
    internal S3Storage(
        S3Settings settings,
        IObjectLedger ledger,
        RecurringFaults faults,
        TimeProvider time,
        ILoggerFactory loggers,
        Func<HttpMessageHandler, HttpMessageHandler>? around = null)
    {
        _client = new S3Client(settings, time, loggers, around);
        _redirects = settings.Redirects;
        _ownership = new BucketOwnership(_client, ledger, time, loggers.CreateLogger<BucketOwnership>());
        _deletions = new ObjectDeletions(_client, ledger, _ownership, faults, loggers.CreateLogger<ObjectDeletions>());
        Blobs = new S3BlobStore(_client, ledger, _deletions, settings.DeleteAfter, time);
        Scrub = new S3Scrub(_client, Blobs);
        _memory = new UploadMemory(Math.Max(settings.UploadMemory, 2L * settings.PartSize), MemoryPatience);
        UploadBytes = new S3UploadBytes(new UploadSite(_client, ledger, _deletions, _memory, Math.Max(settings.PartSize, StoredUpload.MinPart), time));
    }

    /// <summary>Blobs.</summary>
    public IBlobStore Blobs { get; }

    /// <summary>Blobs for the verifier.</summary>
    public IBlobScrubber Scrub { get; }

    /// <summary>Bytes of uploads in progress.</summary>
    public IUploadBytes UploadBytes { get; }

    /// <summary>The bucket and its store, for people, such as <c>the bucket registry at https://s3.example.com</c>.</summary>
    public string Address => _client.Address.ToString();

    /// <summary>Sentence about the fault while requests to the store are refused; null while it works.</summary>
    public string? Failure => _client.Circuit.Failure;

    /// <summary>True if the bucket has the mark of another registry, so that no object is deleted.</summary>
    public bool IsForeign => _ownership.IsForeign;

    /// <summary>Opens the bucket, and finds out whether the settings allow what the registry needs: to list, write, read and delete.</summary>
    /// <param name="settings">The bucket.</param>
    /// <param name="ledger">The rows of the objects.</param>
    /// <param name="faults">Faults that recur.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    /// <exception cref="StorageException">They do not. The message is for the operator.</exception>
    public static async Task<S3Storage> OpenAsync(
        S3Settings settings, IObjectLedger ledger, RecurringFaults faults, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(loggers);
        var storage = new S3Storage(settings, ledger, faults, time, loggers);
        try
        {
            await TryOutAsync(storage._client, cancellationToken);
            return storage;
        }
        catch
        {
            storage.Dispose();
            throw;
        }
    }

    /// <summary>Prepares the engine for reading. No request is made.</summary>
    /// <inheritdoc cref="OpenAsync"/>
    /// <exception cref="StorageException">There are no credentials.</exception>
    public static S3Storage OpenToRead(S3Settings settings, IObjectLedger ledger, RecurringFaults faults, TimeProvider time, ILoggerFactory loggers) =>
        new(settings, ledger, faults, time, loggers);

    /// <summary>Blobs for pulls.</summary>
    /// <param name="contents">The blobs, with small content in memory.</param>
    public IBlobReader Serve(IBlobReader contents) => new S3BlobReader(contents, _redirects ? _client : null);

    /// <summary>Adds the metrics of the engine to a meter.</summary>
    /// <param name="meter">Meter of the host.</param>
    public void AddMetricsTo(Meter meter) => _client.Metrics.AddTo(meter, () => Failure is not null, _memory, () => _deletions.Waiting);

    /// <summary>Asks the store whether it works again, if requests to it are refused; otherwise requests find out.</summary>
    public async Task TryAgainAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (Failure is not null)
            {
                await _client.ListAsync(ObjectKeys.Blobs, after: null, limit: 1, cancellationToken);
            }
        }
        catch (StorageException)
        {
            // It does not, as the log says already.
        }
    }

    /// <summary>Deletes the objects whose time has come.</summary>
    /// <returns>Number of deleted objects.</returns>
    /// <exception cref="StorageException">The store or the metadata does not work. The rest follows in the next cycle.</exception>
    public Task<int> DeleteDueAsync(CancellationToken cancellationToken) => _deletions.RunAsync(cancellationToken);

    /// <summary>Marks the bucket as that of this registry's metadata, whatever mark it has.</summary>
    /// <returns>Host and time of the mark that it had; null for none.</returns>
    /// <exception cref="StorageException">The store or the metadata does not work.</exception>
    public async Task<(string Writer, DateTimeOffset WrittenAt)?> AdoptAsync(CancellationToken cancellationToken) =>
        await _ownership.AdoptAsync(cancellationToken) is { Number: not 0 } mark ? (mark.Writer, mark.WrittenAt) : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _ownership.Dispose();
        _client.Dispose();
        _memory.Dispose();
    }

    // Each right by its use: a policy may allow any of them by itself.
    private static async Task TryOutAsync(S3Client client, CancellationToken cancellationToken)
    {
        client.Attempts.IsStarting = true;
        var probe = ObjectKeys.NewProbe();
        await client.ListAsync(ObjectKeys.Blobs, after: null, limit: 1, cancellationToken);
        await client.CallAsync(new S3Request(HttpMethod.Put, probe) { Content = ["registry"u8.ToArray()] }, cancellationToken);
        await client.CallAsync(new S3Request(HttpMethod.Get, probe), cancellationToken);
        await client.DeleteAsync([probe], cancellationToken);
        client.Attempts.IsStarting = false;
    }
}
