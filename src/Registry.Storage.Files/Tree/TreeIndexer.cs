using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Files.Tree;

/// <summary>
/// Fills the metadata from a tree without metadata: the tree of another registry, or one whose database was lost. It runs in the background; a
/// repository that a request needs is indexed first.
/// </summary>
public sealed partial class TreeIndexer(TreeReader tree, IIndexTarget target, StorageThreads threads, ILogger<TreeIndexer> logger) : IIndexer
{
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<RepositoryName, Lazy<Task>> _indexed = new();
    private int _manifests;
    private string? _lastFailure;

    public bool IsComplete => target.IsComplete;

    public RegistryError? RefuseUntilComplete() => IsComplete ? null : new RegistryError(RegistryErrorCode.NotReady);

    public Task EnsureAsync(RepositoryName name) => IsComplete ? Task.CompletedTask : EnsureSlowAsync(name);

    /// <summary>Indexes everything, and retries until it succeeds.</summary>
    public async Task RunUntilCompleteAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        while (!IsComplete)
        {
            try
            {
                await RunAsync(cancellationToken);
            }
#pragma warning disable CA1031 // Whatever it was, pushes must not be turned away for ever; the log says why they are.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                if (e.Message != _lastFailure)
                {
                    _lastFailure = e.Message;
                    if (StorageFault.CauseOf(e) is { } cause)
                    {
                        LogRefused(RetryDelay.TotalSeconds, e.Message, cause.Remedy);
                    }
                    else
                    {
                        LogFailed(e, RetryDelay.TotalSeconds);
                    }
                }

                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Indexes everything. Does nothing if that was done before. A repository that cannot be indexed does not prevent the indexing of others.
    /// </summary>
    /// <exception cref="StorageException">A repository could not be indexed.</exception>
    public Task RunAsync(CancellationToken cancellationToken) => RunAsync(null, cancellationToken);

    /// <summary>Indexes everything, and reports the progress after each repository instead of logging it from time to time.</summary>
    /// <exception cref="StorageException">A repository could not be indexed.</exception>
    public async Task RunAsync(IProgress<IndexingProgress>? progress, CancellationToken cancellationToken)
    {
        if (IsComplete)
        {
            return;
        }

        if (!await threads.RunAsync(() => tree.IsEmpty))
        {
            LogStarted();
            var started = Stopwatch.StartNew();
            var lastProgress = started.Elapsed;
            var failed = new List<(RepositoryName Name, Exception Reason)>();

            // Lists the names only, which takes little of the time.
            var all = progress is null ? 0 : await threads.RunAsync(() => tree.Repositories().Count());
            foreach (var name in tree.Repositories())
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    await IndexAsync(name);
                }
#pragma warning disable CA1031 // Reported at the end.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    failed.Add((name, e));
                }

                progress?.Report(new IndexingProgress(_indexed.Count, _manifests, all));
                if (progress is null && started.Elapsed - lastProgress >= ProgressPeriod)
                {
                    lastProgress = started.Elapsed;
                    LogProgress(_indexed.Count, _manifests);
                }
            }

            if (failed.Count > 0)
            {
                throw new StorageException($"{Count.Of(failed.Count, "repository")} could not be indexed, for example {failed[0].Name}: {failed[0].Reason.Message}", failed[0].Reason);
            }

            LogFinished(_indexed.Count, _manifests, started.Elapsed.TotalSeconds);
        }

        await target.CompleteAsync();
        _indexed.Clear();
    }

    private async Task EnsureSlowAsync(RepositoryName name)
    {
        if (await threads.RunAsync(() => tree.Exists(name)))
        {
            await IndexAsync(name);
        }
    }

    private Task IndexAsync(RepositoryName name) => _indexed.GetOrAdd(name, key => new Lazy<Task>(() => IndexOnceAsync(key))).Value;

    private async Task IndexOnceAsync(RepositoryName name)
    {
        try
        {
            var repository = await threads.RunAsync(() => tree.Read(name));
            await target.AddRepositoryAsync(repository);
            Interlocked.Add(ref _manifests, repository.Manifests.Count);
        }
        catch
        {
            // The next request for it tries again.
            _indexed.TryRemove(name, out _);
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Information,
        "The storage holds repositories but no metadata: indexing them")]
    private partial void LogStarted();

    [LoggerMessage(2, LogLevel.Information, "Indexing the storage: repositories so far: {Repositories}, manifests: {Manifests}")]
    private partial void LogProgress(int repositories, int manifests);

    [LoggerMessage(3, LogLevel.Information, "Indexed the storage: repositories: {Repositories}, manifests: {Manifests}, seconds: {Seconds:0.0}")]
    private partial void LogFinished(int repositories, int manifests, double seconds);

    [LoggerMessage(5, LogLevel.Critical,
        "Indexing could not be finished and is tried again every {Seconds} s; until then, pushes, deletes and the catalog stay unavailable: {Reason}. {Remedy}")]
    private partial void LogRefused(double seconds, string reason, string remedy);

    [LoggerMessage(4, LogLevel.Critical,
        "Indexing could not be finished and is tried again every {Seconds} s; until then, pushes, deletes and the catalog stay unavailable")]
    private partial void LogFailed(Exception exception, double seconds);
}
