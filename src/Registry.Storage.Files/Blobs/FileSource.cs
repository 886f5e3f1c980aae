using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Blobs;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>Bytes of a blob in an open file. The file stays readable after it was deleted or replaced.</summary>
/// <param name="handle">The file, which the source closes.</param>
/// <param name="length">Its size in bytes.</param>
/// <param name="threads">Threads that wait for the disk.</param>
internal sealed class FileSource(SafeFileHandle handle, long length, StorageThreads threads) : BlobSource
{
    public override long Length => length;

    public override bool TryGetFile([NotNullWhen(true)] out SafeFileHandle? file)
    {
        file = handle;
        return true;
    }

    public override async Task CopyToAsync(PipeWriter destination, long offset, long count, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        for (var end = offset + count; offset < end;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var memory = destination.GetMemory();
            memory = memory[..(int)Math.Min(memory.Length, end - offset)];
            var read = OperatingSystem.IsLinux() ? PageCache.Read(handle, memory.Span, offset) : 0;
            if (read == 0)
            {
                read = await WaitAsync(memory, offset);
            }

            destination.Advance(read);
            offset += read;
            if (offset < end && (await destination.FlushAsync(cancellationToken)).IsCompleted)
            {
                return;
            }
        }
    }

    public override ValueTask DisposeAsync()
    {
        handle.Dispose();
        return ValueTask.CompletedTask;
    }

    // The bytes are not in memory. Not cancellable once it has begun, since the thread writes into the caller's memory.
    private Task<int> WaitAsync(Memory<byte> memory, long offset) => threads.RunAsync(() =>
    {
        var count = RandomAccess.Read(handle, memory.Span, offset);
        return count > 0 ? count : throw new EndOfStreamException("The file is shorter than it was.");
    });
}
