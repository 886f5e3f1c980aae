using System.Collections.Concurrent;

namespace Registry.Interop.Tests.Api;

/// <summary>Records the method and the path of each request of a client.</summary>
internal sealed class RequestRecorder(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private readonly ConcurrentDictionary<string, bool> _seen = new();

    /// <summary>What was requested, such as <c>GET /api/v1/tags</c>.</summary>
    public IEnumerable<string> Seen => _seen.Keys;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        _seen[$"{request.Method} {request.RequestUri!.AbsolutePath}"] = true;
        return base.SendAsync(request, cancellationToken);
    }
}
