using System.Buffers;
using System.IO.Pipelines;

namespace Registry.Core.Blobs;

/// <summary>Small content in memory, up to <see cref="BlobSource.MaxInMemory"/>. It holds nothing that must be released.</summary>
/// <param name="content">The bytes, which must not change. An array, since a cache makes a source for each pull.</param>
public sealed class MemorySource(byte[] content) : BlobSource
{
    public override long Length => content.Length;

    /// <summary>The bytes.</summary>
    internal byte[] Content => content;

    public override bool TryGetMemory(out ReadOnlyMemory<byte> bytes)
    {
        bytes = content;
        return true;
    }

    public override Task CopyToAsync(PipeWriter destination, long offset, long count, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        destination.Write(content.AsSpan((int)offset, (int)count));
        return Task.CompletedTask;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
