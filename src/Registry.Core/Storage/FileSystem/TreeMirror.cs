using System.Text;
using Microsoft.Extensions.Logging;
using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Keeps the repositories tree a mirror of the metadata by carrying out the journal, behind the requests. A write that fails never fails a
/// request: the rows stay and are tried again. Rows are deleted after the tree has been synced, so an unclean stop replays the rest; every
/// change can be done twice.
/// </summary>
public sealed partial class TreeMirror : IAsyncDisposable
{
    private const int BatchSize = 512;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SyncPeriod = TimeSpan.FromSeconds(30);

    private readonly FileSystemLayout _layout;
    private readonly ITreeJournal _journal;
    private readonly StorageThreads _threads;
    private readonly TimeProvider _time;
    private readonly ILogger<TreeMirror> _logger;
    private readonly SemaphoreSlim _work = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private long _applied;
    private long _deleted;

    /// <summary>Starts with whatever an earlier process has left in the journal.</summary>
    public TreeMirror(FileSystemLayout layout, ITreeJournal journal, StorageThreads threads, TimeProvider time, ILogger<TreeMirror> logger)
    {
        _layout = layout;
        _journal = journal;
        _threads = threads;
        _time = time;
        _logger = logger;
        _journal.Written += Wake;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Why the tree is behind the metadata at the moment; null when it is not.</summary>
    public string? Failure { get; private set; }

    /// <summary>Carries out what is left, syncs the tree, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        _journal.Written -= Wake;
        await _stopping.CancelAsync();
        await _loop;
        try
        {
            while (await ApplyBatchAsync() > 0)
            {
            }

            await SyncAsync();
        }
        catch (StorageException e)
        {
            Failure = e.Message;
            LogBehind(e.Message);
        }

        _stopping.Dispose();
        _work.Dispose();
    }

    private void Wake()
    {
        try
        {
            _work.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already, and reads the journal again before it sleeps.
        }
    }

    private async Task RunAsync()
    {
        var lastSync = _time.GetTimestamp();
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                while (await ApplyBatchAsync() > 0 && !_stopping.IsCancellationRequested)
                {
                }

                if (_time.GetElapsedTime(lastSync) >= SyncPeriod)
                {
                    await SyncAsync();
                    lastSync = _time.GetTimestamp();
                }

                Failure = null;
                await WaitAsync(_applied > _deleted ? SyncPeriod : Timeout.InfiniteTimeSpan);
            }
            catch (StorageException e)
            {
                if (Failure is null)
                {
                    LogBehind(e.Message);
                }

                Failure = e.Message;
                await WaitAsync(RetryDelay);
            }
        }
    }

    private async Task WaitAsync(TimeSpan atMost)
    {
        try
        {
            await _work.WaitAsync(atMost, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task<int> ApplyBatchAsync()
    {
        var changes = await _journal.ReadAsync(_applied, BatchSize);
        if (changes.Count > 0)
        {
            await _threads.RunAsync(() =>
            {
                foreach (var change in changes)
                {
                    Apply(change);
                    _applied = change.Id;
                }
            });
        }

        return changes.Count;
    }

    private async Task SyncAsync()
    {
        var applied = _applied;
        if (applied == _deleted)
        {
            return;
        }

        await _threads.RunAsync(() => DurableFile.SyncFileSystem(_layout.Repositories));
        await _journal.DeleteAsync(applied);
        _deleted = applied;
    }

    private void Apply(TreeChange change)
    {
        var repository = change.Repository;
        switch (change.Kind)
        {
            case TreeChangeKind.LinkLayer:
                WriteLink(_layout.Layer(repository, change.Digest!.Value), change.Digest.Value);
                break;
            case TreeChangeKind.UnlinkLayer:
                Remove(_layout.Layer(repository, change.Digest!.Value));
                break;
            case TreeChangeKind.AddRevision:
                WriteLink(_layout.Revision(repository, change.Digest!.Value), change.Digest.Value);
                break;
            case TreeChangeKind.RemoveRevision:
                Remove(_layout.Revision(repository, change.Digest!.Value));
                break;
            case TreeChangeKind.SetTag:
                WriteLink(_layout.TagIndex(repository, change.Tag!.Value, change.Digest!.Value), change.Digest.Value);
                WriteLink(_layout.TagCurrent(repository, change.Tag.Value), change.Digest.Value);
                break;
            case TreeChangeKind.RemoveTag:
                Remove(_layout.TagDirectory(repository, change.Tag!.Value));
                break;
            case TreeChangeKind.ForgetTagRevision:
                Remove(_layout.TagIndex(repository, change.Tag!.Value, change.Digest!.Value));
                break;
            default:
                throw new InvalidOperationException($"The tree journal holds a change of unknown kind {change.Kind}.");
        }
    }

    private static void WriteLink(string directory, Digest digest)
    {
        var link = Path.Combine(directory, FileSystemLayout.LinkFile);
        Directory.CreateDirectory(directory);

        // A folder in its place would hold up every later change.
        Remove(link);
        File.WriteAllBytes(link, Encoding.ASCII.GetBytes(digest.Value));
    }

    private static void Remove(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [LoggerMessage(1, LogLevel.Error,
        "The repositories tree is behind the metadata and will be brought up to date when the disk allows; requests are not affected: {Reason}")]
    private partial void LogBehind(string reason);
}
