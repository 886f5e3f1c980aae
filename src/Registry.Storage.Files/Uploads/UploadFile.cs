using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Files;
using Registry.Storage.Files.Blobs;

namespace Registry.Storage.Files.Uploads;

/// <summary>Received bytes of an upload in a file, whose length is their number. The first byte creates the file.</summary>
internal sealed class UploadFile(Guid id, long length, DataPaths paths, StorageThreads threads, BlobPlacement placement) : IFollowedContent
{
    /// <summary>Number of dirty bytes at which write-back starts, so that little is left for the sync at the end.</summary>
    public const long WriteBackSize = 8 * 1024 * 1024;

    // Amount that is hashed and written at a time: a larger one leaves the core's cache in between.
    private const int PieceSize = 256 * 1024;

    private const int RehashBufferSize = 1024 * 1024;

    // Amount that is hashed again before other work gets the storage thread: a few milliseconds.
    private const long RehashTurnSize = 4 * RehashBufferSize;

    private readonly string _path = paths.UploadData(id);
    private readonly List<ReadOnlyMemory<byte>> _segments = [];
    private SafeFileHandle? _handle;
    private long _writtenBack = length;

    public long Length { get; private set; } = length;

    // Hashing and writing take about equally long. With idle cores, this thread hashes while a storage thread writes the same memory; on a busy
    // machine that costs only the wake-up of another thread, and one thread does both.
    public async Task AppendAsync(ReadOnlySequence<byte> data, IncrementalHash? hash)
    {
        if (hash is not null && data.Length >= PieceSize && threads.Busy < Environment.ProcessorCount / 2)
        {
            var writing = threads.RunAsync(() => Write(data, null));
            Hash(data, hash);
            await writing;
        }
        else
        {
            await threads.RunAsync(() => Write(data, hash));
        }
    }

    // The kernel has the bytes already.
    public Task FlushAsync() => Task.CompletedTask;

    public Task TruncateAsync(long length) => threads.RunAsync(() =>
    {
        FileLength.Set(Open(), length);
        Length = length;
        _writtenBack = Math.Min(_writtenBack, length);
    });

    public Task<byte[]> ReadAsync() => threads.RunAsync(() => PlainFile.Read(Open(), checked((int)Length)));

    // In turns: as one piece of work, a few uploads of gigabytes would take all storage threads for as long as they are hashed.
    public async Task HashAsync(IncrementalHash hash)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(RehashBufferSize);
        try
        {
            for (long offset = 0, hashed = RehashTurnSize; hashed == RehashTurnSize; offset += hashed)
            {
                var begin = offset;
                hashed = await threads.RunAsync(() => HashTurn(hash, buffer, begin));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public async Task<BlobPlace> CommitAsync(Digest digest)
    {
        await threads.RunAsync(() => placement.Place(Open(), _path, digest));
        return digest;
    }

    // By the path, since another thread has the handle. The kernel has what was written for every reader.
    public Task<BlobSource?> OpenReceivedAsync() => threads.RunAsync<BlobSource?>(
        () => PlainFile.TryOpen(_path, paths.Uploads, out var size) is { } file ? new FileSource(file, size, threads) : null);

    public ValueTask DisposeAsync()
    {
        _handle?.Dispose();
        return ValueTask.CompletedTask;
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

        if (Length - _writtenBack >= WriteBackSize)
        {
            DurableFile.StartWriteBack(handle, _writtenBack, Length - _writtenBack);
            _writtenBack = Length;
        }
    }

    private void WritePiece(SafeFileHandle handle, ReadOnlySequence<byte> piece)
    {
        try
        {
            if (piece.IsSingleSegment)
            {
                RandomAccess.Write(handle, piece.FirstSpan, Length);
            }
            else
            {
                foreach (var segment in piece)
                {
                    _segments.Add(segment);
                }

                RandomAccess.Write(handle, _segments, Length);
            }
        }
        catch
        {
            // The length of the file is the offset: remove what was written of this part.
            FileLength.Set(handle, Length);
            throw;
        }
        finally
        {
            // A client that pauses now must not keep the memory of its last bytes.
            _segments.Clear();
        }

        Length += piece.Length;
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
    private SafeFileHandle Open() => _handle ??= PlainFile.OpenToWrite(_path, paths.Uploads, anew: Length == 0);
}
