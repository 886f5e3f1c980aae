using Microsoft.Win32.SafeHandles;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage.Files;
using Registry.Storage.Files.Blobs;

namespace Registry.Images.Backup;

/// <summary>
/// Copies the content of a snapshot from one folder to another, several blobs at a time, and checks each digest meanwhile. It reports damaged
/// blobs, leaves them out, and continues with the others.
/// </summary>
/// <param name="source">Paths of the source.</param>
/// <param name="target">Paths of the target.</param>
/// <param name="readsKept">True to read the blobs that the target has, and to replace those that do not have their digest.</param>
/// <param name="progress">Receives the progress from time to time; null for none.</param>
internal sealed class BlobTransfer(DataPaths source, DataPaths target, bool readsKept, IProgress<TransferProgress>? progress)
{
    /// <summary>Number of faults that are described; all of them are counted.</summary>
    public const int MaxFaults = 100;

    private const int Concurrency = 4;
    private const int BufferSize = 1024 * 1024;
    private const long WriteBackSize = 8 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly List<BlobFault> _faults = [];
    private TransferProgress _progress;

    /// <summary>Number of blobs that were copied.</summary>
    public long Copied { get; private set; }

    /// <summary>Size of the copied blobs, in bytes.</summary>
    public long CopiedBytes { get; private set; }

    /// <summary>Number of blobs that existed in the target.</summary>
    public long Kept { get; private set; }

    /// <summary>Number of blobs that could not be copied.</summary>
    public long Faulty { get; private set; }

    /// <summary>Faults of the first of those.</summary>
    public IReadOnlyList<BlobFault> Faults => _faults;

    /// <summary>
    /// Copies everything. Unless it is read again, a blob that the target has in the right size counts as good: its digest was checked when it
    /// was copied, and it got its name after it was durable.
    /// </summary>
    /// <exception cref="StorageException">The target cannot be written.</exception>
    public async Task RunAsync(IMetadataSnapshot snapshot, StorageHealth health, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var placement = new BlobPlacement(target, new CheckedSync(health));
        var (blobs, bytes) = snapshot.Count();
        _progress = new TransferProgress(0, blobs, 0, bytes);
        try
        {
            await Parallel.ForEachAsync(
                snapshot.Blobs(),
                new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
                (blob, cancelled) =>
                {
                    Transfer(blob, placement, cancelled);
                    return ValueTask.CompletedTask;
                });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(IoFault.Reason(e), e);
        }
    }

    private void Transfer(SnapshotBlob blob, BlobPlacement placement, CancellationToken cancellationToken)
    {
        var (digest, size, staged) = blob;
        if (IsKept(digest, size, cancellationToken))
        {
            Add(size, isKept: true);
        }
        else if (TryCopy(digest, size, staged, placement, cancellationToken) is { } reason)
        {
            Report(new BlobFault(digest.Value, reason), size);
        }
        else
        {
            Add(size, isKept: false);
        }
    }

    private bool IsKept(Digest digest, long size, CancellationToken cancellationToken)
    {
        if (!readsKept)
        {
            return PlainFile.Find(target.BlobData(digest), target.Blobs, out var present) == EntryKind.File && present == size;
        }

        using var handle = PlainFile.TryOpen(target.BlobData(digest), target.Blobs, out var length);
        return handle is not null && length == size && Read(handle, output: null, digest, size, cancellationToken) is null;
    }

    // Returns null, or the fault of the source.
    private string? TryCopy(Digest digest, long size, byte[]? staged, BlobPlacement placement, CancellationToken cancellationToken)
    {
        if (staged is not null && digest.Algorithm.Compute(staged) == digest)
        {
            return Write(digest, placement, output =>
            {
                RandomAccess.Write(output, staged, 0);
                return null;
            });
        }

        // Also if the staged bytes are damaged: there may be a file.
        SafeFileHandle? input;
        long length;
        try
        {
            input = PlainFile.TryOpen(source.BlobData(digest), source.Blobs, out length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {IoFault.Reason(e)}";
        }

        if (input is null)
        {
            return staged is null ? "is missing" : "is damaged in registry.db, and has no file";
        }

        using (input)
        {
            return length == size
                ? Write(digest, placement, output => Read(input, output, digest, size, cancellationToken))
                : $"is damaged: {Count.Of(size, "byte")} expected, {length} found";
        }
    }

    // Places what is written to a new file. Returns null, or the fault that the writer returned.
    private string? Write(Digest digest, BlobPlacement placement, Func<SafeFileHandle, string?> write)
    {
        var temporary = target.TemporaryFile(Guid.NewGuid());
        using var output = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete);
        FileOwner.Inherit(output, temporary);
        var isPlaced = false;
        try
        {
            if (write(output) is { } fault)
            {
                return fault;
            }

            placement.Place(output, temporary, digest);
            isPlaced = true;
            return null;
        }
        finally
        {
            if (!isPlaced)
            {
                File.Delete(temporary);
            }
        }
    }

    // Reads a file, checks its digest, and copies it if there is an output. Returns null, or the fault of the file.
    private static string? Read(SafeFileHandle input, SafeFileHandle? output, Digest digest, long size, CancellationToken cancellationToken)
    {
        using var hash = digest.Algorithm.CreateHash();
        var buffer = new byte[(int)Math.Min(BufferSize, size)];
        long written = 0;
        for (var pending = 0L; written < size;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count;
            try
            {
                count = RandomAccess.Read(input, buffer, written);
            }
            catch (IOException e)
            {
                return $"cannot be read: {IoFault.Reason(e)}";
            }

            if (count == 0)
            {
                return $"is damaged: it ends after {written} of {Count.Of(size, "byte")}";
            }

            hash.AppendData(buffer, 0, count);
            written += count;
            if (output is null)
            {
                continue;
            }

            RandomAccess.Write(output, buffer.AsSpan(0, count), written - count);
            pending += count;
            if (pending >= WriteBackSize)
            {
                DurableFile.StartWriteBack(output, written - pending, pending);
                pending = 0;
            }
        }

        var actual = Digest.FromHash(digest.Algorithm, hash.GetHashAndReset());
        return actual == digest ? null : $"is damaged: its bytes have the digest {actual}";
    }

    private void Add(long size, bool isKept)
    {
        lock (_lock)
        {
            if (isKept)
            {
                Kept++;
            }
            else
            {
                Copied++;
                CopiedBytes += size;
            }

            Advance(size);
        }
    }

    private void Report(BlobFault fault, long size)
    {
        lock (_lock)
        {
            Faulty++;
            if (_faults.Count < MaxFaults)
            {
                _faults.Add(fault);
            }

            Advance(size);
        }
    }

    private void Advance(long size)
    {
        _progress = _progress with { Blobs = _progress.Blobs + 1, Bytes = _progress.Bytes + size };
        progress?.Report(_progress);
    }
}
