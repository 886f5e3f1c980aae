using System.Text;
using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files.Tree;

/// <summary>
/// Mirrors the metadata in the repositories tree by executing the journal. A row that cannot be executed holds back the later rows of its repository,
/// while other repositories continue. Rows are deleted after the tree has been synced, so that the rest is replayed after an unclean stop; every change
/// is idempotent.
/// </summary>
internal sealed partial class TreeMirror : Mirror
{
    private const int BatchSize = 512;

    // Number of changes that may wait for a repository that cannot be written before all others wait, too: they are kept in memory.
    private const int MaxHeld = 10_000;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SyncPeriod = TimeSpan.FromSeconds(30);

    private readonly DataPaths _paths;
    private readonly ITreeJournal _journal;
    private readonly StorageThreads _threads;
    private readonly TimeProvider _time;
    private readonly ILogger<TreeMirror> _logger;

    // Rows up to here have been executed, except those that wait, in order, for a repository that is blocked.
    private long _passed;
    private List<TreeChange> _held = [];
    private Dictionary<RepositoryName, string> _blocked = [];
    private bool _isUnsynced;

    /// <summary>Starts with the rows that an earlier process has left in the journal.</summary>
    public TreeMirror(DataPaths paths, ITreeJournal journal, StorageThreads threads, TimeProvider time, ILogger<TreeMirror> logger)
        : base(hasWork: true)
    {
        _paths = paths;
        _journal = journal;
        _threads = threads;
        _time = time;
        _logger = logger;
        _journal.Written += Wake;
        Begin();
    }

    // Executes the rest, and syncs the tree.
    protected override async ValueTask FinishAsync()
    {
        _journal.Written -= Wake;
        try
        {
            await CatchUpAsync(CancellationToken.None);
            await SyncAsync();
            Report(DescribeBlocked());
        }
#pragma warning disable CA1031 // The rows are still there, and the next start goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            ReportFailure(e);
        }
    }

    protected override async Task RunAsync(CancellationToken stopping)
    {
        var lastSync = _time.GetTimestamp();
        while (!stopping.IsCancellationRequested)
        {
            var wait = RetryDelay;
            try
            {
                await CatchUpAsync(stopping);
                if (_time.GetElapsedTime(lastSync) >= SyncPeriod)
                {
                    await SyncAsync();
                    lastSync = _time.GetTimestamp();
                }

                Report(DescribeBlocked());
                if (_held.Count == 0)
                {
                    wait = _isUnsynced ? SyncPeriod : Timeout.InfiniteTimeSpan;
                }
            }
#pragma warning disable CA1031 // Whatever it was, the tree must not stay behind for ever.
            catch (Exception e)
#pragma warning restore CA1031
            {
                ReportFailure(e);
            }

            await WaitForWorkAsync(wait);
        }
    }

    private string? DescribeBlocked() => _blocked.Count switch
    {
        0 => null,
        1 => _blocked.First().Value,
        _ => $"{_blocked.First().Value} (and {_blocked.Count - 1} more repositories)",
    };

    private async Task CatchUpAsync(CancellationToken stopping)
    {
        if (_held.Count > 0)
        {
            await _threads.RunAsync(TryHeldAgain);
        }

        while (_held.Count < MaxHeld && !stopping.IsCancellationRequested)
        {
            var changes = await _journal.ReadAsync(_passed, BatchSize);
            if (changes.Count == 0)
            {
                break;
            }

            await _threads.RunAsync(() =>
            {
                foreach (var change in changes)
                {
                    if (!TryApply(change, _blocked))
                    {
                        _held.Add(change);
                    }

                    _passed = change.Id;
                }
            });
        }
    }

    private void TryHeldAgain()
    {
        var blocked = new Dictionary<RepositoryName, string>();
        _held = [.. _held.Where(change => !TryApply(change, blocked))];
        _blocked = blocked;
    }

    // False if the change must wait. A full disk affects all repositories: everything waits.
    private bool TryApply(TreeChange change, Dictionary<RepositoryName, string> blocked)
    {
        if (blocked.ContainsKey(change.Repository))
        {
            return false;
        }

        try
        {
            Apply(change);
            _isUnsynced = true;
            return true;
        }
#pragma warning disable CA1031 // One change that cannot be carried out, whatever the reason, must not keep the others from it.
        catch (Exception e) when (!StorageException.IsFullCode(e.HResult))
#pragma warning restore CA1031
        {
            blocked[change.Repository] = e.Message;
            return false;
        }
    }

    private async Task SyncAsync()
    {
        if (!_isUnsynced)
        {
            return;
        }

        var (passed, held) = (_passed, _held.ConvertAll(change => change.Id));
        _isUnsynced = false;
        try
        {
            await _threads.RunAsync(() => DurableFile.SyncFileSystem(_paths.Repositories));
            await _journal.DeleteAsync(passed, held);
        }
        catch
        {
            // The kernel may have dropped what it could not write, and reports that only once: every change that has a row is written again.
            _passed = 0;
            _held = [];
            _blocked = [];
            throw;
        }
    }

    private void Apply(TreeChange change)
    {
        var repository = change.Repository;
        switch (change.Kind)
        {
            case TreeChangeKind.LinkLayer:
                WriteLink(_paths.Layer(repository, change.Digest!.Value), change.Digest.Value);
                break;
            case TreeChangeKind.UnlinkLayer:
                Remove(_paths.Layer(repository, change.Digest!.Value));
                break;
            case TreeChangeKind.AddRevision:
                WriteLink(_paths.Revision(repository, change.Digest!.Value), change.Digest.Value);
                break;
            case TreeChangeKind.RemoveRevision:
                Remove(_paths.Revision(repository, change.Digest!.Value));
                break;
            case TreeChangeKind.SetTag:
                WriteLink(_paths.TagIndex(repository, change.Tag!.Value, change.Digest!.Value), change.Digest.Value);
                WriteLink(_paths.TagCurrent(repository, change.Tag.Value), change.Digest.Value);
                break;
            case TreeChangeKind.RemoveTag:
                Remove(_paths.TagDirectory(repository, change.Tag!.Value));
                break;
            case TreeChangeKind.ForgetTagRevision:
                Remove(_paths.TagIndex(repository, change.Tag!.Value, change.Digest!.Value));
                break;
            default:
                throw new InvalidOperationException($"The tree journal holds a change of unknown kind {change.Kind}.");
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
}
