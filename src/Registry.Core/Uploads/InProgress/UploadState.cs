using System.Security.Cryptography;
using Registry.Core.Oci;
using Registry.Core.Uploads.Sessions;

namespace Registry.Core.Uploads.InProgress;

/// <summary>State of an upload between requests. Only the request that has acquired it changes it.</summary>
internal sealed class UploadState(StoredUploadSession session, long length, long begunAt, IdleHashes idleHashes)
{
    private const long NoMark = -1;

    private int _taken;
    private IncrementalHash? _hash;
    private long _mark = NoMark;
    private IncrementalHash? _hashAtMark;
    private DigestAlgorithm? _algorithmAtMark;
    private bool _countsAsIdle;
    private TaskCompletionSource? _released;

    public Guid Id => Session.Id;

    public StoredUploadSession Session { get; } = session;

    /// <summary>Caller in whose share the upload is.</summary>
    public UploadHolder Holder { get; } = session.Holder;

    /// <summary>Time at which this process began to know the upload, as a timestamp of the time provider.</summary>
    public long BegunAt { get; } = begunAt;

    /// <summary>Place among the uploads without a byte of its holder; null if it has none. <see cref="EmptyUploads"/> guards it.</summary>
    public LinkedListNode<UploadState>? Place { get; set; }

    /// <summary>Number of bytes received and written.</summary>
    public long Length { get; set; } = length;

    /// <summary>Position that the row of the session has.</summary>
    public long SavedPosition { get; set; } = session.Position;

    /// <summary>Length that the upload returns to unless its request succeeds; null if every byte is kept.</summary>
    public long? Mark => Volatile.Read(ref _mark) is var mark and not NoMark ? mark : null;

    /// <summary>Time of the last byte, as a timestamp of the time provider.</summary>
    public long LastActivity { get; set; } = begunAt;

    public bool IsOver { get; set; }

    /// <summary>True if other requests can find it.</summary>
    public bool IsNamed { get; init; }

    /// <summary>True if it has a session, and has not ended.</summary>
    public bool HasSession => IsNamed && !IsOver;

    /// <summary>True until the bytes have been taken over from another process (<see cref="AcquiredSession.MustTakeOver"/>).</summary>
    public bool MustTakeOver { get; set; }

    /// <summary>Wait of the request that appends to the upload; null if none does.</summary>
    public BodyWait? Wait { get; set; }

    public bool IsTaken => Volatile.Read(ref _taken) != 0;

    /// <summary>Algorithm of the kept hash.</summary>
    public DigestAlgorithm? HashAlgorithm { get; private set; }

    public bool TryTake()
    {
        if (Interlocked.CompareExchange(ref _taken, 1, 0) != 0)
        {
            return false;
        }

        if (_countsAsIdle)
        {
            _countsAsIdle = false;
            idleHashes.Remove();
        }

        return true;
    }

    public void GiveBack(long now)
    {
        LastActivity = now;
        Wait = null;
        Unmark();
        if (_hash is not null)
        {
            _countsAsIdle = !IsOver && idleHashes.TryAdd();
            if (!_countsAsIdle)
            {
                DropHash();
            }
        }

        Volatile.Write(ref _taken, 0);
        Interlocked.Exchange(ref _released, null)?.SetResult();
    }

    /// <summary>Waits until the request that has the upload releases it.</summary>
    public Task ReleasedAsync()
    {
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting = Interlocked.CompareExchange(ref _released, waiting, null) ?? waiting;

        // It may have been released before the wait began.
        return IsTaken ? waiting.Task : Task.CompletedTask;
    }

    /// <summary>Saves the present length, and the hash up to it.</summary>
    public void SetMark()
    {
        Unmark();
        _hashAtMark = Length > 0 ? _hash?.Clone() : null;
        _algorithmAtMark = HashAlgorithm;
        Volatile.Write(ref _mark, Length);
    }

    /// <summary>Returns to the mark, after the file has been truncated.</summary>
    public void Rewind(long mark)
    {
        _hash?.Dispose();
        (_hash, _hashAtMark) = (_hashAtMark, null);
        HashAlgorithm = _hash is null ? null : _algorithmAtMark;
        Length = mark;
        Unmark();
    }

    /// <summary>
    /// Hash of all received bytes, begun with the given algorithm if none were received yet; null if the file must be hashed, because the
    /// process was restarted or the state was dropped.
    /// </summary>
    public IncrementalHash? HashOrBegin(DigestAlgorithm algorithm)
    {
        if (_hash is null || (Length == 0 && HashAlgorithm != algorithm))
        {
            if (Length > 0)
            {
                return null;
            }

            DropHash();
            _hash = algorithm.CreateHash();
            HashAlgorithm = algorithm;
        }

        return _hash;
    }

    /// <summary>Hash of all received bytes, if it is kept in this algorithm.</summary>
    public IncrementalHash? Hash(DigestAlgorithm algorithm) => HashAlgorithm == algorithm ? _hash : null;

    /// <summary>Gives the hash away; null if there is none, or it belongs to bytes that were dropped.</summary>
    public (IncrementalHash Hash, DigestAlgorithm Algorithm)? TakeHash()
    {
        if (_hash is not { } hash || HashAlgorithm is not { } algorithm)
        {
            return null;
        }

        (_hash, HashAlgorithm) = (null, null);
        return (hash, algorithm);
    }

    /// <summary>Goes on with a hash of all bytes, which an earlier request has left.</summary>
    public void PutHash(IncrementalHash hash, DigestAlgorithm algorithm) => (_hash, HashAlgorithm) = (hash, algorithm);

    /// <summary>Drops the hash: it no longer matches the file, or there are too many.</summary>
    public void DropHash()
    {
        _hash?.Dispose();
        _hash = null;
        HashAlgorithm = null;
    }

    private void Unmark()
    {
        Volatile.Write(ref _mark, NoMark);
        _hashAtMark?.Dispose();
        _hashAtMark = null;
    }
}
