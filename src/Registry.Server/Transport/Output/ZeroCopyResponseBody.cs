using System.IO.Pipelines;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Win32.SafeHandles;
using Registry.Files;

namespace Registry.Server.Transport.Output;

/// <summary>
/// Response body on an HTTP/1.1 connection whose output takes files: in clear text they leave with sendfile(2), with TLS they are read into the
/// memory that is encrypted. Kestrel handles everything else.
/// </summary>
/// <remarks>
/// Kestrel counts the bytes that are advanced in its writer against Content-Length. So a file is advanced over placeholder memory
/// (<see cref="FilePlaceholder"/>), and <see cref="IFileOutput"/>, below Kestrel, sends the file's bytes instead.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class ZeroCopyResponseBody : IHttpResponseBodyFeature
{
    // Part of a file that is loaded into the page cache, if necessary, before it is sent.
    private const int WindowSize = 4 * 1024 * 1024;

    private readonly IHttpResponseBodyFeature _inner;
    private readonly IFeatureCollection _features;
    private readonly IFileOutput _output;

    private ZeroCopyResponseBody(IHttpResponseBodyFeature inner, IFeatureCollection features, IFileOutput output)
    {
        _inner = inner;
        _features = features;
        _output = output;
    }

    public Stream Stream => _inner.Stream;

    public PipeWriter Writer => _inner.Writer;

    /// <summary>
    /// Creates the body for the requests of a connection; null when files cannot bypass Kestrel: with HTTP/2, or on another transport in clear text.
    /// </summary>
    public static ZeroCopyResponseBody? TryCreate(IFeatureCollection features) =>
        features.Get<IFileOutput>() is { } output
            && features.Get<IHttpResponseBodyFeature>() is { } inner
            && features.Get<IHttpRequestFeature>() is { Protocol: "HTTP/1.1" or "HTTP/1.0" }
            ? new ZeroCopyResponseBody(inner, features, output)
            : null;

    public void DisableBuffering() => _inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => _inner.StartAsync(cancellationToken);

    public Task CompleteAsync() => _inner.CompleteAsync();

    /// <inheritdoc/>
    public async Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        await SendFileAsync(file, offset, count ?? FileLength.Read(file) - offset, null, cancellationToken);
    }

    /// <summary>Sends a range of an open file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Begin of the range.</param>
    /// <param name="count">Its length.</param>
    /// <param name="sent">Receives the number of bytes that the kernel has accepted, also when the connection ends early.</param>
    /// <param name="cancellationToken">Cancels the sending.</param>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public async Task SendFileAsync(SafeFileHandle file, long offset, long count, IProgress<long>? sent, CancellationToken cancellationToken)
    {
        var canAnnounce = _features.Get<IHttpResponseFeature>()?.Headers.ContentLength is not null;
        await _inner.StartAsync(cancellationToken);
        for (var end = offset + count; offset < end;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var window = Math.Min(end - offset, WindowSize);
            if (!PageCache.Holds(file, offset, window))
            {
                var start = offset;
                await _output.RunBlockingAsync(() => PageCache.Load(file, start, window));
            }

            for (var windowEnd = offset + window; offset < windowEnd;)
            {
                var length = (int)Math.Min(windowEnd - offset, FilePlaceholder.MaxLength);
                var before = _output.Sent + _output.UnflushedBytes;
                if (!canAnnounce || !TryWrite(file, offset, length))
                {
                    length = await CopyAsync(file, offset, length);
                }

                var flushed = await _inner.Writer.FlushAsync(CancellationToken.None);
                sent?.Report(Math.Clamp(_output.Sent - before, 0, length));
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
        _output.AnnounceFile(file, offset, length);
        try
        {
            // The placeholder has the length of the announcement, whatever is asked for. When the connection is over, Kestrel allocates what is asked for.
            if (!FilePlaceholder.Is(_inner.Writer.GetMemory(), length))
            {
                // Kestrel is buffering the output itself, or the connection is already over.
                return false;
            }

            _inner.Writer.Advance(length);
            return true;
        }
        finally
        {
            // Has no effect when the announcement was used.
            _output.WithdrawFile();
        }
    }

    private async Task<int> CopyAsync(SafeFileHandle file, long offset, int length)
    {
        var memory = _inner.Writer.GetMemory();
        var count = Math.Min(length, memory.Length);
        await _output.RunBlockingAsync(() => count = RandomAccess.Read(file, memory.Span[..count], offset));
        _inner.Writer.Advance(count > 0 ? count : throw new EndOfStreamException("the file is shorter than it was"));
        return count;
    }
}
