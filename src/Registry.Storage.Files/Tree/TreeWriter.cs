using System.Text;
using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files.Tree;

/// <summary>
/// Writes the repositories tree, which mirrors the metadata: it follows the changes. A change that cannot be made in the tree holds back the later
/// changes of its repository, while other repositories continue. The position in the feed moves on after the tree has been synced, and the feed keeps the
/// repositories that are held back, so that the rest is repeated after an unclean stop; everything can be repeated.
/// </summary>
internal sealed partial class TreeWriter : Follower
{
    private const int BatchSize = 512;

    // Number of repositories that may be held back before all others wait, too: each is tried again from time to time.
    private const int MaxHeld = 1000;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SyncPeriod = TimeSpan.FromSeconds(30);

    private readonly DataPaths _paths;
    private readonly IChangeFeed _feed;
    private readonly StorageThreads _threads;
    private readonly TimeProvider _time;
    private readonly ILogger<TreeWriter> _logger;

    // The tree has the changes up to here, except those of the repositories that are held back. Null until the position in the feed is read.
    private long? _passed;
    private readonly Dictionary<RepositoryName, HeldBack> _held = [];
    private bool _isUnsynced;

    /// <summary>Starts with the changes that an earlier process has left.</summary>
    public TreeWriter(DataPaths paths, IChangeFeed feed, StorageThreads threads, TimeProvider time, ILogger<TreeWriter> logger)
        : base(hasWork: true)
    {
        _paths = paths;
        _feed = feed;
        _threads = threads;
        _time = time;
        _logger = logger;
        _feed.Recorded += Wake;
        Begin();
    }

    // Makes the remaining changes, and syncs the tree.
    protected override async ValueTask FinishAsync()
    {
        _feed.Recorded -= Wake;
        await TryAsync(async () =>
        {
            await CatchUpAsync(triesAll: true, CancellationToken.None);
            await SyncAsync();
            return DescribeHeld();
        });
    }

    protected override async Task RunAsync(CancellationToken stopping)
    {
        var lastSync = _time.GetTimestamp();
        var isTimeUp = true;
        while (!stopping.IsCancellationRequested)
        {
            var triesAll = isTimeUp;
            var isDone = await TryAsync(async () =>
            {
                await CatchUpAsync(triesAll, stopping);
                if (_time.GetElapsedTime(lastSync) >= SyncPeriod)
                {
                    await SyncAsync();
                    lastSync = _time.GetTimestamp();
                }

                return DescribeHeld();
            });
            isTimeUp = !await WaitForWorkAsync(
                !isDone || _held.Count > 0 ? RetryDelay : _isUnsynced ? SyncPeriod : Timeout.InfiniteTimeSpan);
        }
    }

    private string? DescribeHeld() => _held.Count switch
    {
        0 => null,
        1 => _held.First().Value.Reason,
        _ => $"{_held.First().Value.Reason} (and {_held.Count - 1} more repositories)",
    };

    private async Task CatchUpAsync(bool triesAll, CancellationToken stopping)
    {
        if (_passed is not { } passed)
        {
            foreach (var (repository, position) in await _feed.FindHeldAsync(ChangeConsumers.Tree))
            {
                _held[repository] = new HeldBack(position, "The links of a repository wait since an earlier start.");
            }

            _passed = passed = await _feed.FindPositionAsync(ChangeConsumers.Tree);
        }

        // Commits may wake this many times a second: then the first shows whether the obstacle is gone.
        foreach (var (repository, held) in _held.ToList())
        {
            if (!await TryAgainAsync(repository, held, passed) && !triesAll)
            {
                break;
            }
        }

        while (_held.Count < MaxHeld && !stopping.IsCancellationRequested)
        {
            var changes = await _feed.ReadAsync(_passed.Value, BatchSize);
            if (changes.Count == 0)
            {
                break;
            }

            _isUnsynced = true;
            await _threads.RunAsync(() =>
            {
                foreach (var change in changes)
                {
                    if (!_held.ContainsKey(change.Repository) && TryApply(change) is { } reason)
                    {
                        _held.Add(change.Repository, new HeldBack(change.Sequence - 1, reason));
                    }

                    _passed = change.Sequence;
                }
            });
        }
    }

    // True if the repository has caught up. The first change alone shows whether the obstacle is gone.
    private async Task<bool> TryAgainAsync(RepositoryName repository, HeldBack held, long passed)
    {
        for (var limit = 1; ; limit = BatchSize)
        {
            var changes = await _feed.ReadAsync(repository, held.Passed, passed, limit);
            if (changes.Count == 0)
            {
                _held.Remove(repository);
                _isUnsynced = true;
                return true;
            }

            var obstacle = await _threads.RunAsync(() => ApplyAll(changes));
            held = obstacle ?? held with { Passed = changes[^1].Sequence };
            _held[repository] = held;
            if (obstacle is not null)
            {
                return false;
            }
        }
    }

    private HeldBack? ApplyAll(IReadOnlyList<RegistryChange> changes)
    {
        foreach (var change in changes)
        {
            if (TryApply(change) is { } reason)
            {
                return new HeldBack(change.Sequence - 1, reason);
            }
        }

        return null;
    }

    // Returns the reason why the change must wait. A full disk affects all repositories: everything waits.
    private string? TryApply(RegistryChange change)
    {
        try
        {
            Apply(change);
            _isUnsynced = true;
            return null;
        }
#pragma warning disable CA1031 // One change that cannot be carried out, whatever the reason, must not keep the others from it.
        catch (Exception e) when (!StorageException.IsFullCode(e.HResult))
#pragma warning restore CA1031
        {
            return e.Message;
        }
    }

    private async Task SyncAsync()
    {
        // While too many are held back, old changes still have to go.
        if ((!_isUnsynced && _held.Count < MaxHeld) || _passed is not { } passed)
        {
            return;
        }

        _isUnsynced = false;
        try
        {
            await _threads.RunAsync(() => DurableFile.SyncFileSystem(_paths.Repositories));
            await _feed.AcknowledgeAsync(ChangeConsumers.Tree, passed, _held.ToDictionary(held => held.Key, held => held.Value.Passed));
        }
        catch
        {
            // The kernel may have dropped what it could not write, and reports that only once: every change since the last sync is made again.
            _passed = null;
            _held.Clear();
            throw;
        }
    }

    private void Apply(RegistryChange change)
    {
        var repository = change.Repository;
        switch (change.Kind)
        {
            case ChangeKind.BlobLinked:
                WriteLink(_paths.Layer(repository, change.Digest!.Value), change.Digest.Value);
                break;
            case ChangeKind.BlobUnlinked:
                Remove(_paths.Layer(repository, change.Digest!.Value));
                break;
            case ChangeKind.ManifestAdded:
                WriteLink(_paths.Revision(repository, change.Digest!.Value), change.Digest.Value);
                break;
            case ChangeKind.ManifestRemoved:
                Remove(_paths.Revision(repository, change.Digest!.Value));
                break;
            case ChangeKind.TagSet:
                WriteLink(_paths.TagIndex(repository, change.Tag!.Value, change.Digest!.Value), change.Digest.Value);
                WriteLink(_paths.TagCurrent(repository, change.Tag.Value), change.Digest.Value);
                break;
            case ChangeKind.TagRemoved:
                Remove(_paths.TagDirectory(repository, change.Tag!.Value));
                break;
            case ChangeKind.TagForgotten:
                Remove(_paths.TagIndex(repository, change.Tag!.Value, change.Digest!.Value));
                break;
            default:
                throw new InvalidOperationException($"The metadata holds a change of the unknown kind {change.Kind}.");
        }
    }

    private void WriteLink(string directory, Digest digest)
    {
        var link = Path.Combine(directory, DataPaths.LinkFile);
        PlainFile.CreateFolder(directory, _paths.Repositories);

        // A folder in its place would block every later change.
        PlainFile.DeleteFolder(link, _paths.Repositories);
        using var file = PlainFile.OpenToWrite(link, _paths.Repositories, anew: true);
        RandomAccess.Write(file, Encoding.ASCII.GetBytes(digest.Value), 0);
    }

    private void Remove(string directory) => PlainFile.DeleteFolder(directory, _paths.Repositories);

    [LoggerMessage(1, LogLevel.Error,
        "The repositories tree is behind the metadata and will be brought up to date when the disk allows; requests are not affected: {Reason}")]
    protected override partial void LogBehind(string reason);

    [LoggerMessage(2, LogLevel.Information, "The repositories tree is up to date again")]
    protected override partial void LogCaughtUp();

    /// <summary>A repository that is held back.</summary>
    /// <param name="Passed">The tree has its changes up to here.</param>
    /// <param name="Reason">Reason why the next one cannot be made.</param>
    private sealed record HeldBack(long Passed, string Reason);
}
