namespace Registry.Mirror.Upstreams;

/// <summary>Bytes of a blob as they arrive from an upstream. Disposing it ends the request.</summary>
/// <param name="content">The bytes. Reading throws <see cref="IOException"/> when the connection breaks, or nothing arrives for the time limit.</param>
/// <param name="length">Size of the whole blob in bytes; null if the upstream does not say.</param>
/// <param name="offset">Position of the first byte: as asked for, or 0 from an upstream that does not know ranges.</param>
internal sealed class UpstreamBlob(Stream content, long? length, long offset) : IAsyncDisposable
{
    public Stream Content => content;

    public long? Length => length;

    public long Offset => offset;

    public ValueTask DisposeAsync() => content.DisposeAsync();
}
