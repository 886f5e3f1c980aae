using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Registry.Testing.Connections;

/// <summary>Passes requests on to an upstream, counts them, and does to the answers what a test asks for.</summary>
public sealed class UpstreamRelay : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly HttpClient _upstream;

    private UpstreamRelay(WebApplication application, HttpClient upstream) => (_application, _upstream) = (application, upstream);

    /// <summary>Address of the relay.</summary>
    public string Address => _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>Number of requests, by method and path.</summary>
    public ConcurrentDictionary<string, int> Requests { get; } = new();

    /// <summary>Answers a request in place of the upstream; null, or false as result, to pass it on.</summary>
    public Func<HttpContext, Task<bool>>? Instead { get; set; }

    /// <summary>Sends an answer of the upstream, whose head is set already, in place of the relay; null, or false as result, to let the relay send it.</summary>
    public Func<HttpContext, HttpResponseMessage, Task<bool>>? InsteadOfBody { get; set; }

    /// <summary>Number of bytes of a blob after which the connection is cut, which is asked for each answer; null for none.</summary>
    public Func<string, long?>? CutAfter { get; set; }

    /// <summary>Waits before bytes of a blob are passed on; gets the position. Null for none.</summary>
    public Func<long, Task>? Gate { get; set; }

    /// <summary>Changes bytes of a blob; gets its position. Null for none.</summary>
    public Action<Memory<byte>, long>? Alter { get; set; }

    /// <summary>Answers all requests with a status and headers, in place of the upstream.</summary>
    public void AnswerWith(int status, params IReadOnlyList<(string Name, string Value)> headers) => Instead = context =>
    {
        context.Response.StatusCode = status;
        foreach (var (name, value) in headers)
        {
            context.Response.Headers[name] = value;
        }

        return Task.FromResult(true);
    };

    /// <summary>Number of requests whose method and path begin so.</summary>
    public int Count(string start) => Requests.Where(pair => pair.Key.StartsWith(start, StringComparison.Ordinal)).Sum(pair => pair.Value);

    /// <summary>Starts a relay on a free port.</summary>
    public static async Task<UpstreamRelay> StartAsync(Uri upstream)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var relay = new UpstreamRelay(builder.Build(), new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, MaxConnectionsPerServer = 256 }) { BaseAddress = upstream });
        relay._application.Run(relay.PassAsync);
        await relay._application.StartAsync();
        return relay;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _upstream.Dispose();
    }

    private async Task PassAsync(HttpContext context)
    {
        Requests.AddOrUpdate($"{context.Request.Method} {context.Request.Path}", 1, (_, count) => count + 1);
        if (Instead is { } instead && await instead(context))
        {
            return;
        }

        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), context.Request.GetEncodedPathAndQuery());
        foreach (var (name, values) in context.Request.Headers.Where(header => header.Key is "Accept" or "Authorization" or "Range" or "If-Range"))
        {
            request.Headers.TryAddWithoutValidation(name, values.ToArray());
        }

        using var answer = await _upstream.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key is not ("Transfer-Encoding" or "Connection")))
        {
            context.Response.Headers[name] = values.ToArray();
        }

        if (HttpMethods.IsHead(context.Request.Method) || (InsteadOfBody is { } send && await send(context, answer)))
        {
            return;
        }

        await using var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        if (context.Request.Path.Value!.Contains("/blobs/", StringComparison.Ordinal) && answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent)
        {
            await PassBlobAsync(context, body, answer.Content.Headers.ContentRange?.From ?? 0);
        }
        else
        {
            await body.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
    }

    private async Task PassBlobAsync(HttpContext context, Stream body, long position)
    {
        var left = CutAfter?.Invoke(context.Request.Path.Value!) ?? long.MaxValue;
        var buffer = new byte[16 * 1024];
        while (true)
        {
            if (Gate is { } gate)
            {
                await gate(position);
            }

            var read = await body.ReadAsync(buffer, context.RequestAborted);
            if (read == 0)
            {
                return;
            }

            var passed = buffer.AsMemory(0, (int)Math.Min(read, left));
            Alter?.Invoke(passed, position);
            await context.Response.Body.WriteAsync(passed, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            position += passed.Length;
            left -= passed.Length;
            if (left == 0)
            {
                context.Abort();
                return;
            }
        }
    }
}
