using System.IO.Pipelines;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Storage.FileSystem;

namespace Registry.Server.Transport;

/// <summary>
/// The body of an answer on a plain HTTP/1.1 connection, whose files go out by sendfile(2). Everything else is Kestrel's.
/// </summary>
/// <remarks>
/// Kestrel counts a body against Content-Length by what is advanced in its writer. So a file is advanced over memory that stands in for it
/// (<see cref="FilePlaceholder"/>), and <see cref="SocketOutput"/>, at the other end of Kestrel, sends the file's bytes instead.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class ZeroCopyResponseBody : IHttpResponseBodyFeature
{
    // How much of a file is looked at, and where necessary read from the disk, before it is sent.
    private const int WindowSize = 4 * 1024 * 1024;

    private readonly IHttpResponseBodyFeature _inner;
    private readonly IFeatureCollection _features;
    private readonly DirectConnection _connection;
    private bool _hasHeartbeat;

    private ZeroCopyResponseBody(IHttpResponseBodyFeature inner, IFeatureCollection features, DirectConnection connection)
    {
        _inner = inner;
        _features = features;
        _connection = connection;
    }

    public Stream Stream => _inner.Stream;

    public PipeWriter Writer => _inner.Writer;

    /// <summary>One for the requests of a connection; null where files cannot go past Kestrel: TLS, HTTP/2, another transport.</summary>
    public static ZeroCopyResponseBody? TryCreate(IFeatureCollection features) =>
        features.Get<DirectConnection>() is { IsPlain: true } connection
            && features.Get<IHttpResponseBodyFeature>() is { } inner
            && features.Get<IHttpRequestFeature>() is { Protocol: "HTTP/1.1" or "HTTP/1.0" }
            ? new ZeroCopyResponseBody(inner, features, connection)
            : null;

    public void DisableBuffering() => _inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => _inner.StartAsync(cancellationToken);

    public Task CompleteAsync() => _inner.CompleteAsync();

    /// <inheritdoc/>
    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        await SendFileAsync(file, offset, count ?? RandomAccess.GetLength(file) - offset, null, cancellationToken);
    }

    /// <summary>Sends a part of an open file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="count">Its length.</param>
    /// <param name="sent">Is told how many of its bytes the kernel has taken, also when the connection ends early.</param>
    /// <param name="cancellationToken">Ends the sending.</param>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public async Task SendFileAsync(SafeFileHandle file, long offset, long count, IProgress<long>? sent, CancellationToken cancellationToken)
    {
        var canAnnounce = _features.Get<IHttpResponseFeature>()?.Headers.ContentLength is not null;
        await _inner.StartAsync(cancellationToken);
        TakeOverRate();
        for (var end = offset + count; offset < end;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var window = Math.Min(end - offset, WindowSize);
            if (!PageCache.Holds(file, offset, window))
            {
                var start = offset;
                await _connection.RunBlockingAsync(() => PageCache.Load(file, start, window));
            }

            for (var windowEnd = offset + window; offset < windowEnd;)
            {
                var length = (int)Math.Min(windowEnd - offset, FilePlaceholder.MaxLength);
                var before = _connection.Output.Sent + _connection.Output.UnflushedBytes;
                if (!canAnnounce || !TryWrite(file, offset, length))
                {
                    length = await CopyAsync(file, offset, length);
                }

                var flushed = await _inner.Writer.FlushAsync(CancellationToken.None);
                sent?.Report(Math.Clamp(_connection.Output.Sent - before, 0, length));
                if (flushed.IsCompleted || flushed.IsCanceled)
                {
                    throw new OperationCanceledException("The connection was closed.");
                }

                offset += length;
            }
        }
    }

    private bool TryWrite(SafeFileHandle file, long offset, int length)
    {
        _connection.Output.AnnounceFile(file, offset, length);
        try
        {
            if (!FilePlaceholder.Is(_inner.Writer.GetMemory(length), length))
            {
                // Kestrel buffers by itself at the moment, or the connection is over already.
                return false;
            }

            _inner.Writer.Advance(length);
            return true;
        }
        finally
        {
            // Nothing to withdraw when it was taken.
            _connection.Output.WithdrawFile();
        }
    }

    private async Task<int> CopyAsync(SafeFileHandle file, long offset, int length)
    {
        var memory = _inner.Writer.GetMemory();
        var count = Math.Min(length, memory.Length);
        await _connection.RunBlockingAsync(() => count = RandomAccess.Read(file, memory.Span[..count], offset));
        _inner.Writer.Advance(count > 0 ? count : throw new EndOfStreamException("the file is shorter than it was"));
        return count;
    }

    // Kestrel gives each flush a time by what it knows of its size, which is nothing. The connection's own check sees what the peer has
    // acknowledged.
    private void TakeOverRate()
    {
        if (_features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        if (!_hasHeartbeat && _features.Get<IConnectionHeartbeatFeature>() is { } heartbeat)
        {
            _hasHeartbeat = true;
            heartbeat.OnHeartbeat(static connection => ((DirectConnection)connection).CheckRate(), _connection);
        }
    }
}
