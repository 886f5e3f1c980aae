using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>An upload in the hands of one request: bytes are hashed while they are written.</summary>
internal sealed class FileSystemUpload(
    UploadState state, FileSystemUploadStore store, FileSystemLayout layout, UploadFiles files, TimeProvider time) : IUpload
{
    // Each hop to a storage thread and each write costs some microseconds; a quarter of a MiB makes them vanish, and the receive buffer
    // of the server (1 MiB) keeps filling meanwhile.
    private const int WriteSize = 256 * 1024;

    // How much may be dirty before write-back starts, so that the sync at the end finds little left to do.
    private const long WriteBackSize = 8 * 1024 * 1024;

    private const int RehashBufferSize = 1024 * 1024;

    private readonly string _path = layout.UploadData(state.Id);
    private SafeFileHandle? _handle;
    private long _writtenBack = state.Length;

    public long Length => state.Length;

    public async Task AppendAsync(PipeReader body, DigestAlgorithm algorithm, CancellationToken cancellationToken)
    {
        files.Health.ThrowIfFailed();
        while (true)
        {
            var received = await ReceiveAsync(body, cancellationToken);
            try
            {
                if (!received.Buffer.IsEmpty)
                {
                    await files.Threads.RunAsync(() => Write(received.Buffer, algorithm));
                    state.LastActivity = time.GetTimestamp();
                }
            }
            finally
            {
                // After a read that failed there is nothing to advance from; after a write that failed the server drains the rest.
                if (received.BrokenOff is null)
                {
                    body.AdvanceTo(received.Buffer.End);
                }
            }

            received.BrokenOff?.Throw();
            if (received.IsCompleted)
            {
                return;
            }
        }
    }

    public Task<bool> MatchesAsync(Digest digest) => files.Threads.RunAsync(() =>
    {
        Span<byte> hash = stackalloc byte[digest.Algorithm.HexLength / 2];
        if ((state.Length == 0 ? state.HashOrBegin(digest.Algorithm) : state.Hash(digest.Algorithm)) is { } kept)
        {
            kept.GetCurrentHash(hash);
        }
        else
        {
            using var again = digest.Algorithm.CreateHash();
            HashFile(again);
            again.GetCurrentHash(hash);
        }

        return Digest.FromHash(digest.Algorithm, hash) == digest;
    });

    public async Task<long> CommitAsync(Digest digest)
    {
        files.Health.ThrowIfFailed();
        await files.Threads.RunAsync(SyncData);
        await files.Placement.PlaceAsync(_path, digest);
        store.Forget(state);
        return state.Length;
    }

    public Task AbortAsync() => store.AbortAsync(state);

    public ValueTask DisposeAsync()
    {
        _handle?.Dispose();
        state.GiveBack(time.GetTimestamp());
        return ValueTask.CompletedTask;
    }

    // Waits until there is enough to be worth a write. When the body breaks off, what had arrived before is still in the reader's memory
    // (it was not consumed), and is handed on together with the fault.
    private static async ValueTask<Received> ReceiveAsync(PipeReader body, CancellationToken cancellationToken)
    {
        ReadOnlySequence<byte> seen = default;
        while (true)
        {
            ReadResult result;
            try
            {
                result = await body.ReadAsync(cancellationToken);
            }
            catch (Exception e) when (!seen.IsEmpty)
            {
                return new Received(seen, false, System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e));
            }

            seen = result.Buffer;
            if (result.IsCompleted || result.IsCanceled || seen.Length >= WriteSize)
            {
                return new Received(seen, result.IsCompleted, null);
            }

            body.AdvanceTo(seen.Start, seen.End);
        }
    }

    private void Write(ReadOnlySequence<byte> data, DigestAlgorithm algorithm)
    {
        var handle = Open();
        var offset = state.Length;
        var hash = state.HashOrBegin(algorithm);
        var segments = new List<ReadOnlyMemory<byte>>();
        foreach (var segment in data)
        {
            hash?.AppendData(segment.Span);
            segments.Add(segment);
        }

        try
        {
            RandomAccess.Write(handle, segments, offset);
        }
        catch
        {
            // The file is the truth about the offset, and the hash has gone past it: take back what was written of this piece.
            state.DropHash();
            RandomAccess.SetLength(handle, offset);
            throw;
        }

        state.Length = offset + data.Length;
        if (state.Length - _writtenBack >= WriteBackSize)
        {
            DurableFile.StartWriteBack(handle, _writtenBack, state.Length - _writtenBack);
            _writtenBack = state.Length;
        }
    }

    private void HashFile(IncrementalHash hash)
    {
        var handle = Open();
        var buffer = ArrayPool<byte>.Shared.Rent(RehashBufferSize);
        try
        {
            long offset = 0;
            for (int count; (count = RandomAccess.Read(handle, buffer, offset)) > 0; offset += count)
            {
                hash.AppendData(buffer, 0, count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void SyncData()
    {
        try
        {
            DurableFile.SyncData(Open(), _path);
        }
        catch (SyncException e)
        {
            // The kernel may have dropped what it could not write, whatever the file reads like now: this upload cannot be saved.
            state.DropHash();
            if (!StorageException.IsFullCode(e.HResult))
            {
                files.Health.Fail(e.Message);
            }

            throw;
        }
    }

    // The first byte creates the file.
    private SafeFileHandle Open() =>
        _handle ??= File.OpenHandle(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    private readonly record struct Received(
        ReadOnlySequence<byte> Buffer, bool IsCompleted, System.Runtime.ExceptionServices.ExceptionDispatchInfo? BrokenOff);
}
