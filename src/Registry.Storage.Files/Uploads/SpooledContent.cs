using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Files;
using Registry.Storage.Files.Blobs;

namespace Registry.Storage.Files.Uploads;

/// <summary>Received bytes of an upload, with a copy in a local file.</summary>
/// <param name="content">The upload.</param>
/// <param name="spool">Creates the file with the first byte.</param>
/// <param name="threads">Threads that wait for the disk.</param>
internal sealed class SpooledContent(IUploadContent content, Spool spool, StorageThreads threads) : IFollowedContent
{
    private readonly Lock _lock = new();
    private SafeFileHandle? _file;
    private bool _isDisposed;

    public long Length => content.Length;

    // Both at once, of the same memory.
    public async Task AppendAsync(ReadOnlySequence<byte> data, IncrementalHash? hash)
    {
        var offset = content.Length;
        var copying = threads.RunAsync(() => Copy(data, offset));
        try
        {
            await content.AppendAsync(data, hash);
        }
        finally
        {
            await copying;
        }
    }

    public Task FlushAsync() => content.FlushAsync();

    public Task TruncateAsync(long length) => content.TruncateAsync(length);

    public Task<byte[]> ReadAsync() => content.ReadAsync();

    public Task HashAsync(IncrementalHash hash) => content.HashAsync(hash);

    public Task<BlobPlace> CommitAsync(Digest digest) => content.CommitAsync(digest);

    // Another handle on the file, which has no name, so that each reader closes its own.
    public Task<BlobSource?> OpenReceivedAsync() => threads.RunAsync<BlobSource?>(() =>
    {
        lock (_lock)
        {
            if (_file is null || _isDisposed)
            {
                return null;
            }

            var path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_file.DangerousGetHandle()}");
            var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new FileSource(file, FileLength.Read(file), threads);
        }
    });

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _file?.Dispose();
        }

        return content.DisposeAsync();
    }

    private void Copy(ReadOnlySequence<byte> data, long offset)
    {
        if (_file is null)
        {
            var created = spool.Create();
            lock (_lock)
            {
                _file = created;
            }
        }

        spool.EnsureRoom();
        foreach (var segment in data)
        {
            RandomAccess.Write(_file, segment.Span, offset);
            offset += segment.Length;
        }
    }
}
