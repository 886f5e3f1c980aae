using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Storage.FileSystem;

namespace Registry.Core.Maintenance;

/// <summary>
/// Fills the metadata from a tree that has none: another registry's, or one whose database was lost. It runs behind the requests; a
/// repository that somebody asks for is indexed first.
/// </summary>
public sealed partial class TreeIndexer(TreeReader tree, IIndexTarget target, StorageThreads threads, ILogger<TreeIndexer> logger)
{
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<RepositoryName, Lazy<Task>> _indexed = new();
    private int _manifests;

    /// <summary>Whether the metadata covers the whole tree.</summary>
    public bool IsComplete => target.IsComplete;

    /// <summary>Why a request that needs the whole of the metadata cannot be answered yet; null when it can.</summary>
    public RegistryError? RefuseUntilComplete() => IsComplete ? null : new RegistryError(RegistryErrorCode.NotReady);

    /// <summary>Makes sure that the metadata knows a repository.</summary>
    public Task EnsureAsync(RepositoryName name) => IsComplete ? Task.CompletedTask : EnsureSlowAsync(name);

    /// <summary>Indexes everything. Does nothing when that was done before.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
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
            foreach (var name in tree.Repositories())
            {
                cancellationToken.ThrowIfCancellationRequested();
                await IndexAsync(name);
                if (started.Elapsed - lastProgress >= ProgressPeriod)
                {
                    lastProgress = started.Elapsed;
                    LogProgress(_indexed.Count, _manifests);
                }
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
            // The next one who needs it tries again.
            _indexed.TryRemove(name, out _);
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Information,
        "The storage holds repositories but no metadata: indexing them")]
    private partial void LogStarted();

    [LoggerMessage(2, LogLevel.Information, "Indexing: {Repositories} repositories with {Manifests} manifests so far")]
    private partial void LogProgress(int repositories, int manifests);

    [LoggerMessage(3, LogLevel.Information, "Indexed {Repositories} repositories with {Manifests} manifests in {Seconds:0.0} s")]
    private partial void LogFinished(int repositories, int manifests, double seconds);
}
