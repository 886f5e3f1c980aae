using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Registry.Server.Requests;

namespace Registry.Server.Tests.Budgets;

/// <summary>
/// Request that is passed to the pipeline repeatedly, without a connection. Its allocations are those of the registry, without Kestrel's.
/// </summary>
internal sealed class DirectRequest
{
    private readonly Func<RequestContext, Task> _handle;
    private readonly RequestContext _request;
    private readonly HttpResponseFeature _response = new();
    private readonly DiscardedBody _body = new();

    public DirectRequest(Func<RequestContext, Task> handle, string method, string target, string? authorization = null, string? range = null)
    {
        _handle = handle;
        var request = new HttpRequestFeature { Method = method, RawTarget = target, Path = target, Scheme = "http" };
        if (authorization is not null)
        {
            request.Headers.Authorization = authorization;
        }

        if (range is not null)
        {
            request.Headers.Range = range;
        }

        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpResponseFeature>(_response);
        features.Set<IHttpResponseBodyFeature>(_body);
        _request = new RequestContext(new DefaultHttpContext(features));
    }

    public int Status => _response.StatusCode;

    /// <summary>The bytes of the body.</summary>
    public long BodyLength => _body.Length;

    /// <summary>Number of times that the answer was flushed, which is the number of pieces that a connection sends.</summary>
    public int Flushes => _body.Flushes;

    /// <summary>Answers the request once. The task has ended already when everything that the answer needs is in memory.</summary>
    public Task RunAsync()
    {
        _response.StatusCode = StatusCodes.Status200OK;
        _response.Headers.Clear();
        _body.Length = 0;
        _body.Flushes = 0;
        return _handle(_request);
    }

    /// <summary>A body whose length alone is of interest.</summary>
    private sealed class DiscardedBody : PipeWriter, IHttpResponseBodyFeature
    {
        private byte[] _buffer = new byte[4096];

        public long Length { get; set; }

        public int Flushes { get; set; }

        public Stream Stream => Stream.Null;

        public PipeWriter Writer => this;

        public override void Advance(int bytes) => Length += bytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => sizeHint <= _buffer.Length ? _buffer : _buffer = new byte[sizeHint];

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
        {
            Length += source.Length;
            return default;
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            Flushes++;
            return default;
        }

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public void DisableBuffering()
        {
        }

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new InvalidOperationException($"{path} was sent as a file.");

        public Task CompleteAsync() => Task.CompletedTask;
    }
}
