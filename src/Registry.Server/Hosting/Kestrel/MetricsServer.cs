using System.Text;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Registry.Server.Configuration;
using Registry.Server.Telemetry;
using Registry.Server.Telemetry.Metrics;

namespace Registry.Server.Hosting.Kestrel;

/// <summary>Serves <c>/metrics</c> for Prometheus on a separate address: it needs no password, and clients of the registry cannot reach it there.</summary>
internal sealed class MetricsServer : IAsyncDisposable
{
    private readonly KestrelServer _kestrel;
    private readonly TelemetryExport _telemetry;

    private MetricsServer(RegistryOptions options, TelemetryExport telemetry, RequestMetrics metrics, ILoggerFactory loggers)
    {
        _telemetry = telemetry;
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers);
        options = options with { Host = options.MetricsHost, Port = options.MetricsPort!.Value, Http2Port = null };
        var connections = KestrelFactory.CreateLimit(options, transport, hasHttp2: false, TimeProvider.System, loggers);
        _kestrel = KestrelFactory.Create(options, transport, connections, tls: null, TimeProvider.System, loggers, metrics);
    }

    /// <summary>URL of the metrics.</summary>
    public string Address => $"{_kestrel.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()}/metrics";

    /// <summary>Starts listening.</summary>
    /// <exception cref="StartupException">The registry cannot listen on the address.</exception>
    public static async Task<MetricsServer> StartAsync(
        RegistryOptions options, TelemetryExport telemetry, RequestMetrics metrics, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var server = new MetricsServer(options, telemetry, metrics, loggers);
        try
        {
            await server._kestrel.StartAsync(new HttpApplication(request => server.AnswerAsync(request.Http)), cancellationToken);
            return server;
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            server._kestrel.Dispose();
            throw new StartupException(
                $"cannot listen on {options.MetricsHost}:{options.MetricsPort} for metrics: {(e.InnerException ?? e).Message}. Set REGISTRY_METRICS_HOST and REGISTRY_METRICS_PORT to a free address.",
                e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Stops at once: the next scrape replaces a lost one.
        await _kestrel.StopAsync(new CancellationToken(canceled: true));
        _kestrel.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        if (http.Request.Path != "/metrics")
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            http.Response.Headers.Allow = "GET, HEAD";
            return;
        }

        var text = Encoding.UTF8.GetBytes(_telemetry.CollectText());
        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        http.Response.ContentLength = text.Length;
        await http.Response.BodyWriter.WriteAsync(text, http.RequestAborted);
    }
}
