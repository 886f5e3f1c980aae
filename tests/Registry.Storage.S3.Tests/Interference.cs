namespace Registry.Storage.S3.Tests;

/// <summary>Decides about each request of a process before it is sent, and about its answer.</summary>
/// <param name="decide">Gets the request, and sends it by calling the second argument.</param>
internal sealed class Interference(Func<HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> decide)
{
    public HttpMessageHandler Around(HttpMessageHandler inner) => new Handler(decide) { InnerHandler = inner };

    private sealed class Handler(Func<HttpRequestMessage, Func<Task<HttpResponseMessage>>, Task<HttpResponseMessage>> decide) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            decide(request, () => base.SendAsync(request, cancellationToken));
    }
}
