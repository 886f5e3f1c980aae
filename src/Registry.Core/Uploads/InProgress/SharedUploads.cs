using System.Collections.Concurrent;
using Registry.Core.Fairness;
using Registry.Core.Storage;
using Registry.Core.Uploads.Sessions;

namespace Registry.Core.Uploads.InProgress;

/// <summary>
/// Uploads that several processes share. Each request acquires the session in its row, goes on at the exact position, and releases it; in between, this process
/// remembers nothing but the hash. Within the process, one request at a time tries to acquire an upload.
/// </summary>
/// <remarks>
/// <para>
/// The state of a hash does not travel: <see cref="System.Security.Cryptography.IncrementalHash"/> cannot be exported. When the requests of an upload reach different
/// processes, the one that finishes it reads all bytes back from the store once: its answer waits for as many bytes as the blob has. An upload whose requests with
/// bytes, and the last one, all reach one process is not read.
/// </para>
/// <para>
/// A request that has sent nothing for seconds loses its upload to another one of the same process only. A request that reaches another process is told that the
/// upload is in use, until the silent one ends or its process does.
/// </para>
/// </remarks>
/// <param name="sessions">The rows of the sessions.</param>
/// <param name="idleHashes">Not used by these uploads, whose hashes have a limit of their own.</param>
/// <param name="time">The clock of waits; idle times are the engine's.</param>
internal sealed class SharedUploads(ISharedUploadSessions sessions, IdleHashes idleHashes, TimeProvider time) : IUploadsInProgress
{
    // A release by another process is not announced. Ten queries while a request waits.
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<Guid, Use> _uses = new();
    private readonly ConcurrentDictionary<Guid, bool> _unreleased = new();
    private readonly KeptHashes _hashes = new();

    public int Count => _uses.Count;

    public IReadOnlyCollection<Guid> Unreleased => _unreleased.IsEmpty ? [] : [.. _unreleased.Keys];

    public void Add(StoredUploadSession session)
    {
        // The row is all there is.
    }

    // The row has what the store has. What a request has received beyond may still be lost.
    public async ValueTask<UploadProgress?> FindAsync(Guid id) => await sessions.FindAsync(id);

    public async ValueTask<IReadOnlyList<UploadProgress>> ListAsync(TimeSpan idle) => await sessions.ListAsync(idle);

    public async ValueTask<IReadOnlyList<UploadProgress>> ListAsync(Guid after, int limit) => await sessions.ListAsync(after, limit);

    public async ValueTask<Guid?> FindEmptyAsync(UploadHolder holder, bool ofHolder, ClientNetwork? within) =>
        await sessions.FindEmptyAsync(holder, ofHolder, within, EmptyUploads.Claim);

    public async ValueTask<UploadState?> TryAcquireAsync(Guid id, TimeSpan idle)
    {
        var use = new Use();
        if (!_uses.TryAdd(id, use))
        {
            return null;
        }

        try
        {
            if (await sessions.AcquireAsync(id, idle) is { } acquired)
            {
                use.State = Open(acquired);
            }

            _unreleased.TryRemove(id, out _);
            return use.State;
        }
        catch
        {
            // The commit may have been made.
            _unreleased[id] = true;
            throw;
        }
        finally
        {
            if (use.State is null)
            {
                End(id, use);
            }
        }
    }

    public bool IsInUse(Guid id) => FindUsed(id) is not null;

    public BodyWait? FindWait(Guid id) => FindUsed(id)?.Wait;

    public Task ReleasedAsync(Guid id) => _uses.TryGetValue(id, out var use) ? use.Ended.Task : Task.Delay(PollInterval, time);

    /// <summary>Releases the session with the position that it saves, in one statement.</summary>
    /// <inheritdoc/>
    public async ValueTask<bool> SaveAsync(UploadState upload)
    {
        var use = _uses[upload.Id];
        if (use.IsReleased)
        {
            return true;
        }

        // Also when it fails: the session may be another request's from here on.
        use.IsReleased = true;
        if (upload.MustTakeOver)
        {
            // Its length is not known, so it stays with this process until it is.
            _unreleased[upload.Id] = true;
            return true;
        }

        try
        {
            return use.KeepsHash = await sessions.ReleaseAsync(upload.Session.Lease, upload.Length, hashState: null);
        }
        catch
        {
            _unreleased[upload.Id] = true;
            throw;
        }
    }

    // Its use ends with the request, and so does its place here.
    public void Forget(UploadState upload) => upload.IsOver = true;

    public async ValueTask ReleaseAsync(UploadState upload)
    {
        var use = upload.IsNamed ? _uses[upload.Id] : null;
        try
        {
            if (upload.HasSession)
            {
                await SaveAsync(upload);
            }
        }
        catch (StorageException)
        {
            // The request has failed with a fault of its own. This one is tried again.
        }

        if (use is { KeepsHash: true } && !upload.IsOver && upload.TakeHash() is { } kept)
        {
            _hashes.Keep(upload.Session.Lease, upload.Length, kept.Hash, kept.Algorithm);
        }

        upload.DropHash();
        upload.GiveBack(time.GetTimestamp());
        if (use is not null)
        {
            End(upload.Id, use);
        }
    }

    private UploadState Open(AcquiredSession acquired)
    {
        var session = acquired.Session;
        var upload = new UploadState(session, session.Position, time.GetTimestamp(), idleHashes) { IsNamed = true, MustTakeOver = acquired.MustTakeOver };
        upload.TryTake();
        if (_hashes.Take(session.Lease, session.Position) is { } kept)
        {
            if (acquired.MustTakeOver)
            {
                kept.Hash.Dispose();
            }
            else
            {
                upload.PutHash(kept.Hash, kept.Algorithm);
            }
        }

        return upload;
    }

    private UploadState? FindUsed(Guid id) => _uses.TryGetValue(id, out var use) ? use.State : null;

    private void End(Guid id, Use use)
    {
        _uses.TryRemove(id, out _);
        use.Ended.SetResult();
    }

    // Of an upload by a request of this process, from the attempt to acquire it on.
    private sealed class Use
    {
        private UploadState? _state;

        public UploadState? State
        {
            get => Volatile.Read(ref _state);
            set => Volatile.Write(ref _state, value);
        }

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsReleased { get; set; }

        public bool KeepsHash { get; set; }
    }
}
