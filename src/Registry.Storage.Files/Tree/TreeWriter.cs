using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files.Tree;

/// <summary>
/// Writes the repositories tree, which mirrors the metadata: it follows the changes. A change that cannot be made in the tree holds back the later
/// changes of its repository, while other repositories continue. The position in the feed moves on after the tree has been synced, and the feed keeps the
/// repositories that are held back, so that the rest is repeated after an unclean stop; everything can be repeated. When the feed has lost changes that the
/// tree does not have, the links are written from the metadata.
/// </summary>
internal sealed partial class TreeWriter : Follower
{
    private const int BatchSize = 512;
    private const int RepositoriesPerPage = 100;

    // Number of repositories that may be held back before all others wait, too: each is tried again from time to time.
    private const int MaxHeld = 1000;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SyncPeriod = TimeSpan.FromSeconds(30);

    private readonly DataPaths _paths;
    private readonly TreeFiles _files;
    private readonly RecordedLinks _recorded;
    private readonly IChangeFeed _feed;
    private readonly IMetadataListing _metadata;
    private readonly StorageThreads _threads;
    private readonly TimeProvider _time;
    private readonly ILogger<TreeWriter> _logger;

    // The tree has the changes up to here, except those of the repositories that are held back. Null until the position in the feed is read.
    private long? _passed;
    private readonly Dictionary<RepositoryName, HeldBack> _held = [];
    private readonly TreeWaiters _waiters = new();
    private bool _isUnsynced;

    // Only a tree that is behind can have missed what the feed has lost. An attempt that was cancelled or has failed leaves it behind.
    private bool _isBehind = true;

    // While the links of all repositories are written: the last one of them, and the changes that were lost.
    private (long Lost, RepositoryName? Last)? _whole;

    /// <summary>Starts with the changes that an earlier process has left.</summary>
    public TreeWriter(
        DataPaths paths, IChangeFeed feed, IMetadataListing metadata, StorageThreads threads, TimeProvider time, ILogger<TreeWriter> logger)
        : base(hasWork: true)
    {
        _paths = paths;
        _files = new TreeFiles(paths);
        _recorded = new RecordedLinks(_files, metadata, threads);
        _feed = feed;
        _metadata = metadata;
        _threads = threads;
        _time = time;
        _logger = logger;
        _feed.Recorded += Wake;
        Begin();
    }

    /// <summary>Waits until the tree has all changes that are recorded now.</summary>
    /// <returns>Reason why it does not get them; null if it has them.</returns>
    public Task<string?> CatchUpAsync()
    {
        var caughtUp = _waiters.Add();
        Wake();
        return caughtUp;
    }

    // Makes the remaining changes, and syncs the tree.
    protected override async ValueTask FinishAsync(CancellationToken cutOff)
    {
        _feed.Recorded -= Wake;
        await TryAsync(async () =>
        {
            for (var hasMore = true; hasMore;)
            {
                hasMore = await CatchUpAsync(triesAll: true, cutOff);
                cutOff.ThrowIfCancellationRequested();
                await SyncAsync();
            }

            return HeldBack.Describe(_held.Values);
        });
    }

    protected override async Task RunAsync(CancellationToken stopping)
    {
        var lastSync = _time.GetTimestamp();
        var (lastTrim, lastTry) = (lastSync, lastSync);
        var isTimeUp = true;
        while (!stopping.IsCancellationRequested)
        {
            _waiters.Admit();

            // Frequent commits must not keep all obstacles but the first from being tried again.
            var (triesAll, hasMore) = (isTimeUp || _time.GetElapsedTime(lastTry) >= RetryDelay, false);
            lastTry = triesAll ? _time.GetTimestamp() : lastTry;
            var isDone = await TryAsync(async () =>
            {
                hasMore = await CatchUpAsync(triesAll, stopping);
                if (_time.GetElapsedTime(lastSync) >= SyncPeriod)
                {
                    await SyncAsync();
                    lastSync = _time.GetTimestamp();
                }

                return HeldBack.Describe(_held.Values);
            });
            if (!isDone || !hasMore)
            {
                _waiters.Answer(Failure);
            }

            if ((!isDone || _held.Count > 0) && _time.GetElapsedTime(lastTrim) >= SyncPeriod)
            {
                // A tree that stands still must not keep the feed from being trimmed. It is tried again, whatever has failed.
                await _feed.TrimAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                lastTrim = _time.GetTimestamp();
            }

            isTimeUp = !await WaitForWorkAsync(
                hasMore ? TimeSpan.Zero : !isDone || _held.Count > 0 ? RetryDelay : _isUnsynced ? SyncPeriod : Timeout.InfiniteTimeSpan);
        }
    }

    // Ends after some time, so that what is done is synced and need not be repeated. True if there are more changes.
    private async Task<bool> CatchUpAsync(bool triesAll, CancellationToken stopping)
    {
        var begun = _time.GetTimestamp();
        var lost = _isBehind ? await _feed.FindLostAsync() : 0;
        _isBehind = true;
        if (_passed is null)
        {
            foreach (var (repository, position) in await _feed.FindHeldAsync(ChangeConsumers.Tree))
            {
                _held[repository] = new HeldBack(position, "The links of a repository wait since an earlier start.");
            }

            _passed = await _feed.FindPositionAsync(ChangeConsumers.Tree);
        }

        if (_passed < lost)
        {
            if (!triesAll)
            {
                throw new StorageException(Failure ?? "The links of all repositories must be written again.");
            }

            await WriteAllAsync(lost, stopping);
        }

        await TryHeldAsync(lost, _passed.Value, triesAll, stopping);
        while (_held.Count < MaxHeld)
        {
            stopping.ThrowIfCancellationRequested();
            var changes = await _feed.ReadAsync(_passed.Value, BatchSize);
            if (changes.Count == 0)
            {
                _isBehind = _held.Count > 0;
                return false;
            }

            if (changes[0].Kind == ChangeKind.RepositoryRenamed)
            {
                await RenameAsync(changes[0]);
                continue;
            }

            _isUnsynced = true;
            await _threads.RunAsync(() =>
            {
                foreach (var change in changes.TakeWhile(change => change.Kind != ChangeKind.RepositoryRenamed))
                {
                    if (!_held.ContainsKey(change.Repository) && TryApply(change) is { } reason)
                    {
                        _held.Add(change.Repository, new HeldBack(change.Sequence - 1, reason));
                    }

                    _passed = change.Sequence;
                }
            });
            if (_time.GetElapsedTime(begun) >= SyncPeriod)
            {
                return true;
            }
        }

        return false;
    }

    // A rename cannot be repeated together with earlier or later changes: they would be made under a name that another repository may have by then. So the position is durable
    // right before it and right after it. It waits for both of its names, and all later changes wait for it.
    private async Task RenameAsync(RegistryChange rename)
    {
        await SyncAsync();
        var newName = rename.NewName!.Value;
        var waiting = _held.ContainsKey(rename.Repository) ? rename.Repository : newName;
        if (_held.TryGetValue(waiting, out var held))
        {
            throw new StorageException($"The rename of {rename.Repository} to {newName} waits for earlier changes of {waiting}: {held.Text}");
        }

        await SyncDurablyAsync();
        if (await _threads.RunAsync(() => TreeFiles.Try(() => _files.Apply(rename))) is { } reason)
        {
            throw new StorageException($"The folder of {rename.Repository} cannot be moved to {newName}: {reason}");
        }

        _passed = rename.Sequence;
        await SyncDurablyAsync();
    }

    // Commits may wake this many times a second: then the first repository shows whether the obstacle is gone, and none is written whole.
    private async Task TryHeldAsync(long lost, long passed, bool triesAll, CancellationToken stopping)
    {
        var free = new HashSet<RepositoryName>();
        foreach (var (repository, held) in _held.ToList())
        {
            stopping.ThrowIfCancellationRequested();
            if (held.Passed < lost && !triesAll)
            {
                break;
            }

            _held[repository] = held.Passed < lost ? await WriteLostAsync(repository, held, lost, stopping) : await TryFirstAsync(repository, held, passed);
            if (_held[repository].Reason is null)
            {
                free.Add(repository);
            }
            else if (!triesAll)
            {
                break;
            }
        }

        if (free.Count > 0)
        {
            await FollowAsync(free, passed, stopping);
        }
    }

    // The first change alone shows whether the obstacle is gone.
    private async Task<HeldBack> TryFirstAsync(RepositoryName repository, HeldBack held, long passed)
    {
        var changes = await _feed.ReadAsync([repository], held.Passed, passed, 1);
        return changes.Count == 0 ? held with { Reason = null }
            : await _threads.RunAsync(() => TryApply(changes[0])) is { } reason ? new HeldBack(changes[0].Sequence - 1, reason)
            : new HeldBack(changes[0].Sequence, null);
    }

    private async Task<HeldBack> WriteLostAsync(RepositoryName repository, HeldBack held, long lost, CancellationToken stopping) =>
        await WriteRecordedAsync(repository, stopping) is { } reason ? held with { Reason = reason } : new HeldBack(lost, null);

    // Makes the changes of repositories whose obstacle is gone, in one pass over the feed, and ends holding them back.
    private async Task FollowAsync(HashSet<RepositoryName> free, long passed, CancellationToken stopping)
    {
        var reached = free.Min(repository => _held[repository].Passed);
        try
        {
            while (free.Count > 0)
            {
                stopping.ThrowIfCancellationRequested();
                var changes = await _feed.ReadAsync(free, reached, passed, BatchSize);
                if (changes.Count == 0)
                {
                    reached = passed;
                    break;
                }

                await _threads.RunAsync(() =>
                {
                    foreach (var change in changes.Where(change => free.Contains(change.Repository)))
                    {
                        if (change.Sequence > _held[change.Repository].Passed && TryApply(change) is { } reason)
                        {
                            _held[change.Repository] = new HeldBack(change.Sequence - 1, reason);
                            free.Remove(change.Repository);
                        }

                        reached = change.Sequence;
                    }
                });
            }
        }
        finally
        {
            foreach (var repository in free)
            {
                _held[repository] = _held[repository] with { Passed = Math.Max(_held[repository].Passed, reached) };
            }
        }

        _isUnsynced = true;
        foreach (var repository in free)
        {
            _held.Remove(repository);
        }
    }

    // Writes the links of all repositories. What has changed since the lost changes is still in the feed, and is made once more afterwards. Continues where an
    // earlier attempt has ended, unless more changes are lost.
    private async Task WriteAllAsync(long lost, CancellationToken stopping)
    {
        if (_whole is null)
        {
            LogLost();
        }

        _whole = _whole is { } begun && begun.Lost == lost ? begun : (lost, null);
        IReadOnlyList<RepositoryName> page;
        do
        {
            page = await _metadata.ListRepositoriesAsync(_whole.Value.Last, RepositoriesPerPage);
            foreach (var repository in page)
            {
                if (await WriteRecordedAsync(repository, stopping) is not { } reason)
                {
                    _held.Remove(repository);
                }
                else if (_held.Count < MaxHeld || _held.ContainsKey(repository))
                {
                    _held[repository] = new HeldBack(0, reason);
                }
                else
                {
                    throw new StorageException(reason);
                }

                _whole = (lost, repository);
            }
        }
        while (page.Count == RepositoriesPerPage);
        (_whole, _passed) = (null, lost);
    }

    private Task<string?> WriteRecordedAsync(RepositoryName repository, CancellationToken stopping)
    {
        _isUnsynced = true;
        return _recorded.WriteAsync(repository, stopping);
    }

    private string? TryApply(RegistryChange change)
    {
        var reason = TreeFiles.Try(() => _files.Apply(change));
        _isUnsynced |= reason is null;
        return reason;
    }

    private async Task SyncAsync()
    {
        // While too many are held back, old changes still have to go.
        if ((_isUnsynced || _held.Count >= MaxHeld) && _passed is { } passed)
        {
            await SyncAsync(passed, isDurable: false);
        }
    }

    private Task SyncDurablyAsync() => SyncAsync(_passed!.Value, isDurable: true);

    private async Task SyncAsync(long passed, bool isDurable)
    {
        _isUnsynced = false;
        try
        {
            await _threads.RunAsync(() => DurableFile.SyncFileSystem(_paths.Repositories));
            await _feed.AcknowledgeAsync(ChangeConsumers.Tree, passed, _held.ToDictionary(held => held.Key, held => held.Value.Passed), isDurable);
        }
        catch
        {
            // The kernel may have dropped what it could not write, and reports that only once: every change since the last sync is made again.
            _passed = null;
            _isBehind = true;
            _held.Clear();
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Error,
        "The repositories tree is behind the metadata and will be brought up to date when the disk allows; requests are not affected: {Reason}")]
    protected override partial void LogBehind(string reason);

    [LoggerMessage(2, LogLevel.Information, "The repositories tree is up to date again")]
    protected override partial void LogCaughtUp();

    [LoggerMessage(3, LogLevel.Warning,
        "The stop was cut short before the repositories tree was up to date; requests are not affected. The next start continues. Until then, another registry on this folder does not have the latest changes")]
    protected override partial void LogCutShort();

    [LoggerMessage(4, LogLevel.Warning,
        "The repositories tree was behind for so long that changes it has missed are no longer recorded: all its links are written again. Links to what was deleted meanwhile stay; requests are not affected")]
    private partial void LogLost();
}
