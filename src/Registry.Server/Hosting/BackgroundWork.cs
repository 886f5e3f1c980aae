using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Access.Sessions;
using Registry.Core.Policies.Retention;
using Registry.Core.Space;
using Registry.Mirror;
using Registry.Server.Configuration;
using Registry.Server.Memory;
using Registry.Server.Pipeline;
using Registry.Server.Telemetry.Metrics;
using Registry.Server.Tls;
using Registry.Storage;
using Registry.Storage.Files.Tree;
using Registry.Storage.Metadata;

namespace Registry.Server.Hosting;

/// <summary>
/// Work of a running registry that no request waits for: indexing, garbage collection, verification, the record of pulls, the retention, the computation of space, the expiry of uploads, the deletion of objects, the
/// return of memory, and the checks of the bucket and the certificate. The storage has workers of its own.
/// </summary>
/// <param name="options">The settings.</param>
/// <param name="storage">The storage.</param>
/// <param name="core">The core on the storage.</param>
/// <param name="sessions">Log-ins to the web interface; null for a registry without users of its own.</param>
/// <param name="mirror">Pulls from mirrored repositories; null without a mirror.</param>
/// <param name="readOnly">The read-only mode, in which nothing is removed.</param>
/// <param name="tls">The certificate; null without TLS.</param>
/// <param name="trim">Returns memory to the system.</param>
/// <param name="metrics">The metrics of the host.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">Logs.</param>
internal sealed class BackgroundWork(
    RegistryOptions options,
    RegistryStorage storage,
    RegistryCore core,
    WebSessions? sessions,
    MirrorPulls? mirror,
    ReadOnlyMode readOnly,
    TlsFiles? tls,
    MemoryTrim trim,
    HostMetrics metrics,
    TimeProvider time,
    ILoggerFactory loggers) : IAsyncDisposable
{
    // A deletion waits for hours, so a minute more does not matter; a query finds out that nothing is due.
    private static readonly TimeSpan DeletionPeriod = TimeSpan.FromMinutes(1);

    // A push that was refused at the reserve is repeated within some seconds.
    private static readonly TimeSpan ReliefPeriod = TimeSpan.FromSeconds(5);

    // A session that has expired is refused before.
    private static readonly TimeSpan SessionPeriod = TimeSpan.FromHours(1);

    // An image that was not pulled for days may stay for a minute more; a limit on the size is passed by what arrives in a minute.
    private static readonly TimeSpan EvictionPeriod = TimeSpan.FromMinutes(1);

    // The store may be asked once in this time while it does not work.
    private static readonly TimeSpan BucketPeriod = TimeSpan.FromSeconds(5);

    private readonly List<PeriodicTask> _periodic = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _indexing = Task.CompletedTask;
    private long _lastCollection;
    private volatile bool _hasCollectionTurn;

    /// <summary>End of the last cycle of the garbage collector, as Unix time; 0 before the first.</summary>
    public long LastCollection => Volatile.Read(ref _lastCollection);

    /// <summary>True if this process took the turn of the garbage collector when it last could.</summary>
    public bool HasCollectionTurn => _hasCollectionTurn;

    /// <summary>Begins the work.</summary>
    public void Start()
    {
        _indexing = Task.Run(IndexAsync);
        Repeat("The expiry of uploads", options.UploadCleanupInterval, ExpireAsync);
        Repeat("The return of memory", MemoryTrim.Interval, TrimAsync);
        Repeat("The garbage collection", core.Grace.Interval, CollectAsync);
        Repeat("The record of pulls", PullRecorder.Interval, _ => core.Pulls.SaveAsync());
        Repeat("The retention", RetentionOperations.Interval, RetainAsync);
        Repeat("The computation of space", SpaceRounds.Interval, ComputeSpaceAsync);

        // The bytes in a bucket are not on this disk.
        if (storage is { Folder: { } folder, Files: not null })
        {
            Repeat("The relief of the disk", ReliefPeriod, token => RelieveAsync(folder, token));
        }

        if (options.VerifyPeriod > TimeSpan.Zero)
        {
            Repeat("The verification", core.Verifier.Interval, VerifyAsync);
        }

        if (storage.Bucket is { } bucket)
        {
            Repeat("The deletion of objects", DeletionPeriod, token => readOnly.IsOn ? Task.CompletedTask : bucket.DeleteDueAsync(token));
            Repeat("The check of the bucket", BucketPeriod, bucket.TryAgainAsync);
        }

        if (mirror is not null)
        {
            Repeat("The eviction of mirrored images", EvictionPeriod, token => EvictAsync(mirror, token));
        }

        if (sessions is not null)
        {
            Repeat("The removal of expired log-ins", SessionPeriod, _ => sessions.ExpireAsync());
        }

        if (tls is not null)
        {
            Repeat("The check of the certificate", TlsFiles.CheckPeriod, tls.CheckAsync);
        }
    }

    /// <summary>Cancels the work in progress, and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var task in _periodic)
        {
            await task.DisposeAsync();
        }

        await _indexing;
        _stopping.Dispose();
    }

    private void Repeat(string name, TimeSpan period, Func<CancellationToken, Task> run) =>
        _periodic.Add(new PeriodicTask(name, period, run, time, loggers.CreateLogger<PeriodicTask>()));

    // One of the processes that share the metadata does the work of a period. The timers of the period are not exact.
    private async Task<bool> IsOwnTurnAsync(string work, TimeSpan period) => storage.Database is not { } database || await database.TakeTurnAsync(work, period * 0.9);

    // Not during indexing: the pass would miss content that is not indexed yet, and it moves damaged files.
    private async Task VerifyAsync(CancellationToken cancellationToken)
    {
        if (storage.Indexer.IsComplete && !readOnly.IsOn && await IsOwnTurnAsync("verification", core.Verifier.Interval))
        {
            await core.Verifier.RunAsync(cancellationToken);
        }
    }

    // An incomplete index misses what repositories hold. The results are written, which a read-only registry does not do.
    private async Task ComputeSpaceAsync(CancellationToken cancellationToken)
    {
        if (storage.Indexer.IsComplete && !readOnly.IsOn && await core.SpaceRounds.IsDueAsync() && await IsOwnTurnAsync("space", core.SpaceRounds.Turn))
        {
            await core.SpaceRounds.RunAsync(cancellationToken);
        }
    }

    // An incomplete index misses what tags need.
    private async Task RetainAsync(CancellationToken cancellationToken)
    {
        if (storage.Indexer.IsComplete && !readOnly.IsOn && await core.Retention.IsDueAsync() && await IsOwnTurnAsync("retention", RetentionOperations.Interval))
        {
            await core.Retention.RunDueAsync(cancellationToken);
        }
    }

    // An incomplete index misses links, so nothing is collected until it is complete.
    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        if (!storage.Indexer.IsComplete || readOnly.IsOn)
        {
            return;
        }

        _hasCollectionTurn = await IsOwnTurnAsync("collection", core.Grace.Interval);
        if (!_hasCollectionTurn)
        {
            return;
        }

        var startedAt = time.GetTimestamp();
        try
        {
            var collected = await core.Collector.RunAsync(cancellationToken);
            metrics.Collector.Ended(time.GetElapsedTime(startedAt), collected);
            Volatile.Write(ref _lastCollection, time.GetUtcNow().ToUnixTimeSeconds());
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            metrics.Collector.Failed();
            throw;
        }
    }

    // Each node has pulls to save.
    private async Task EvictAsync(MirrorPulls pulls, CancellationToken cancellationToken)
    {
        if (!storage.Indexer.IsComplete || readOnly.IsOn)
        {
            return;
        }

        await pulls.SaveAsync();
        if (await IsOwnTurnAsync("eviction", EvictionPeriod))
        {
            await pulls.Eviction.RunAsync(cancellationToken);
        }
    }

    // Measured anew each time: as soon as there is room, the rest stays. What can be fetched again goes first.
    private async Task RelieveAsync(MetadataInFolder folder, CancellationToken cancellationToken)
    {
        if (!storage.Indexer.IsComplete || readOnly.IsOn)
        {
            return;
        }

        await (mirror?.Eviction.RelieveAsync(IsShortAsync, cancellationToken) ?? Task.CompletedTask);
        await core.TrashRelief.RunAsync(IsShortAsync, cancellationToken);

        Task<bool> IsShortAsync() => storage.Threads.RunAsync(() =>
        {
            var (free, kept) = folder.ReadRoom();
            return free < kept;
        });
    }

    private Task TrimAsync(CancellationToken cancellationToken)
    {
        trim.Run();
        return Task.CompletedTask;
    }

    private Task ExpireAsync(CancellationToken cancellationToken) => readOnly.IsOn ? Task.CompletedTask : core.UploadExpiry.RunAsync(cancellationToken);

    private async Task IndexAsync()
    {
        try
        {
            if (storage.Files is { Indexer.IsComplete: false } files)
            {
                HostLog.Indexing(loggers.CreateLogger<TreeIndexer>());
                await files.Indexer.RunUntilCompleteAsync(time, _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping; the next start continues the indexing.
        }
    }
}
