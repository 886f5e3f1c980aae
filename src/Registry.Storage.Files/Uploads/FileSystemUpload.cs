using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Files;

namespace Registry.Storage.Files.Uploads;

/// <summary>An upload that one request has acquired. Bytes are hashed while they are written.</summary>
internal sealed class FileSystemUpload(
    UploadState state, FileSystemUploadStore store, DataPaths paths, UploadFiles files, TimeProvider time, bool isLast) : IUpload
{
    // Smallest amount that is worth a switch to a storage thread, and the amount that is hashed and written at a time: a larger one leaves the
    // core's cache in between. The receive buffer of the server (1 MiB) keeps filling meanwhile.
    private const int PieceSize = 256 * 1024;

    // A switch takes all bytes that have arrived, up to this amount, so that the threads do not lose time to each other on small amounts.
    private const int TurnSize = 4 * PieceSize;

    // Amount of dirty bytes at which write-back starts, so that little is left for the sync at the end.
    private const long WriteBackSize = 8 * 1024 * 1024;

    private const int RehashBufferSize = 1024 * 1024;

    // Amount that is hashed again before other work gets the storage thread: a few milliseconds.
    private const long RehashTurnSize = 4 * RehashBufferSize;

    private readonly BodyWait _wait = new(time);
    private readonly string _path = paths.UploadData(state.Id);
    private readonly List<ReadOnlyMemory<byte>> _segments = [];
    private SafeFileHandle? _handle;
    private long _writtenBack = state.Length;

    // Whole content of a small upload. It is held when there is no file of it: the upload ends with this request.
    private byte[]? _small;
    private bool _isHeld;
    private IDisposable? _place;
    private bool _isLast = isLast;

    public long Length => state.Length;

    public async Task<bool> AppendAsync(PipeReader body, DigestAlgorithm algorithm, CancellationToken cancellationToken)
    {
        await files.Admission.EnsureOpenAsync();
        state.Wait = _wait;
        while (true)
        {
            var received = await ReceiveAsync(body, cancellationToken);
            var turn = received.Buffer.Length > TurnSize ? received.Buffer.Slice(0, TurnSize) : received.Buffer;
            try
            {
                if (turn.Length > files.MaxLength - state.Length)
                {
                    return false;
                }

                if (received is { IsCompleted: true, BrokenOff: null } && await TryHoldAsync(turn))
                {
                    return true;
                }

                if (!turn.IsEmpty)
                {
                    await files.Admission.EnsureRoomAsync();
                    await KeepAsync(turn, algorithm);
                    state.LastActivity = time.GetTimestamp();
                }
            }
            finally
            {
                // After a failed read there is nothing to advance from; after a failed write the server drains the rest.
                if (received.BrokenOff is null)
                {
                    body.AdvanceTo(turn.End);
                }
            }

            received.BrokenOff?.Throw();
            if (received.IsTakenOver && !received.IsCompleted)
            {
                throw new UploadTakenOverException();
            }

            if (received.IsCompleted && turn.Length == received.Buffer.Length)
            {
                return true;
            }
        }
    }

    public void Mark(bool isLast = false)
    {
        _isLast |= isLast;
        state.SetMark();
    }

    public async Task RewindAsync()
    {
        if (state.IsOver || state.Mark is not { } mark || mark >= state.Length)
        {
            return;
        }

        if (_isHeld)
        {
            Release();
        }
        else
        {
            await files.Threads.RunAsync(() => RandomAccess.SetLength(Open(), mark));
        }

        state.Rewind(mark);
        _writtenBack = Math.Min(_writtenBack, mark);
    }

    public async Task<bool> MatchesAsync(Digest digest)
    {
        if (state.Length <= Staging.MaxSize)
        {
            // Exactly these bytes are stored, if they are staged.
            _small ??= await ReadSmallAsync();
            return digest.Algorithm.Compute(_small) == digest;
        }

        if (state.Hash(digest.Algorithm) is { } kept)
        {
            return Current(kept) == digest;
        }

        using var again = digest.Algorithm.CreateHash();
        await HashFileAsync(again);
        return Current(again) == digest;

        Digest Current(IncrementalHash hash)
        {
            Span<byte> value = stackalloc byte[digest.Algorithm.HexLength / 2];
            hash.GetCurrentHash(value);
            return Digest.FromHash(digest.Algorithm, value);
        }
    }

    public async Task<byte[]?> TryStageAsync()
    {
        _place ??= await files.Staging.TryTakeAsync(state.Length);
        return _place is null ? null : _small ??= await ReadSmallAsync();
    }

    public async Task EndAsync()
    {
        if (!_isHeld && state.Length > 0)
        {
            await store.BeginAgainAsync(state);
        }

        store.Forget(state);
    }

    public async Task<long> CommitAsync(Digest digest)
    {
        await files.Admission.EnsureOpenAsync();
        var size = state.Length;
        using var activity = StorageMetrics.Activities.StartActivity("blob placement");
        try
        {
            await files.Threads.RunAsync(() => files.Placement.Place(Open(), _path, digest));
        }
        catch
        {
            // After a failed sync, the kernel may have dropped what it could not write, even if the file reads well; after the rename there is no
            // file. A retry must not commit what is left.
            _handle?.Dispose();
            _handle = null;
            Release();
            await store.BeginAgainAsync(state);
            throw;
        }

        store.Forget(state);
        return size;
    }

    public Task AbortAsync() => store.AbortAsync(state);

    public ValueTask DisposeAsync()
    {
        _handle?.Dispose();
        Release();
        state.GiveBack(time.GetTimestamp());
        return ValueTask.CompletedTask;
    }

    // A small body that is there as a whole needs no file: it is durable with the commit that follows, or is not kept.
    private async ValueTask<bool> TryHoldAsync(ReadOnlySequence<byte> body)
    {
        if (!_isLast || state.Length > 0 || body.IsEmpty || body.Length > Staging.MaxSize || (_place ??= await files.Staging.TryTakeAsync(body.Length)) is null)
        {
            return false;
        }

        _small = body.ToArray();
        _isHeld = true;
        state.Length = _small.Length;
        state.LastActivity = time.GetTimestamp();
        return true;
    }

    private void Release()
    {
        _place?.Dispose();
        _place = null;
        _small = null;
        _isHeld = false;
    }

    private Task<byte[]> ReadSmallAsync() =>
        state.Length == 0 ? Task.FromResult<byte[]>([]) : files.Threads.RunAsync(() => PlainFile.Read(Open(), (int)state.Length));

    // Waits until there is enough for a write, or until the reader cancels the read, so that what there is leaves its memory, or until another
    // request takes over. If the body breaks off, the bytes that arrived before are still in the reader's memory (they were not consumed), and are
    // passed on together with the fault.
    private async ValueTask<Received> ReceiveAsync(PipeReader body, CancellationToken cancellationToken)
    {
        ReadOnlySequence<byte> seen = default;
        while (true)
        {
            ReadResult result;
            bool isTakenOver;
            try
            {
                var reading = body.ReadAsync(cancellationToken);
                if (!reading.IsCompleted)
                {
                    _wait.Begin(body);
                }

                result = await reading;
            }
            catch (Exception e) when (!seen.IsEmpty)
            {
                return new Received(seen, false, false, System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e));
            }
            finally
            {
                isTakenOver = _wait.End();
            }

            if (result.Buffer.Length > seen.Length)
            {
                _wait.Arrived();
            }

            seen = result.Buffer;
            if (result.IsCompleted || result.IsCanceled || isTakenOver || seen.Length >= PieceSize)
            {
                return new Received(seen, result.IsCompleted, isTakenOver, null);
            }

            body.AdvanceTo(seen.Start, seen.End);
        }
    }

    // Hashing and writing take about equally long. With idle cores, this thread hashes while a storage thread writes the same memory; on a busy
    // machine that costs only the wake-up of another thread, and one thread does both.
    private async Task KeepAsync(ReadOnlySequence<byte> data, DigestAlgorithm algorithm)
    {
        _small = null;
        var hash = state.HashOrBegin(algorithm);
        try
        {
            if (hash is not null && data.Length >= PieceSize && files.Threads.Busy < Environment.ProcessorCount / 2)
            {
                var writing = files.Threads.RunAsync(() => Write(data, null));
                Hash(data, hash);
                await writing;
            }
            else
            {
                await files.Threads.RunAsync(() => Write(data, hash));
            }
        }
        catch
        {
            // The hash is ahead of the file.
            state.DropHash();
            throw;
        }
    }

    private static void Hash(ReadOnlySequence<byte> data, IncrementalHash hash)
    {
        foreach (var segment in data)
        {
            hash.AppendData(segment.Span);
        }
    }

    private void Write(ReadOnlySequence<byte> data, IncrementalHash? hash)
    {
        var handle = Open();
        for (var left = data; !left.IsEmpty;)
        {
            var piece = left.Length > PieceSize ? left.Slice(0, PieceSize) : left;
            if (hash is not null)
            {
                Hash(piece, hash);
            }

            WritePiece(handle, piece);
            left = left.Slice(piece.End);
        }

        if (state.Length - _writtenBack >= WriteBackSize)
        {
            DurableFile.StartWriteBack(handle, _writtenBack, state.Length - _writtenBack);
            _writtenBack = state.Length;
        }
    }

    private void WritePiece(SafeFileHandle handle, ReadOnlySequence<byte> piece)
    {
        try
        {
            if (piece.IsSingleSegment)
            {
                RandomAccess.Write(handle, piece.FirstSpan, state.Length);
            }
            else
            {
                foreach (var segment in piece)
                {
                    _segments.Add(segment);
                }

                RandomAccess.Write(handle, _segments, state.Length);
            }
        }
        catch
        {
            // The length of the file is the offset: remove what was written of this part.
            RandomAccess.SetLength(handle, state.Length);
            throw;
        }
        finally
        {
            // A client that pauses now must not keep the memory of its last bytes.
            _segments.Clear();
        }

        state.Length += piece.Length;
    }

    // In turns: as one piece of work, a few uploads of gigabytes would take all storage threads for as long as they are hashed.
    private async Task HashFileAsync(IncrementalHash hash)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(RehashBufferSize);
        try
        {
            for (long offset = 0, hashed = RehashTurnSize; hashed == RehashTurnSize; offset += hashed)
            {
                var begin = offset;
                hashed = await files.Threads.RunAsync(() => HashTurn(hash, buffer, begin));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Returns the number of hashed bytes, which is less than a turn at the end of the file.
    private long HashTurn(IncrementalHash hash, byte[] buffer, long offset)
    {
        var handle = Open();
        long hashed = 0;
        for (int count; hashed < RehashTurnSize; hashed += count)
        {
            count = RandomAccess.Read(handle, buffer.AsSpan(0, RehashBufferSize), offset + hashed);
            if (count == 0)
            {
                break;
            }

            hash.AppendData(buffer, 0, count);
        }

        return hashed;
    }

    // The first byte creates the file, or empties one that could not be removed.
    private SafeFileHandle Open() => _handle ??= PlainFile.OpenToWrite(_path, paths.Uploads, anew: state.Length == 0);

    private readonly record struct Received(
        ReadOnlySequence<byte> Buffer, bool IsCompleted, bool IsTakenOver, System.Runtime.ExceptionServices.ExceptionDispatchInfo? BrokenOff);
}
