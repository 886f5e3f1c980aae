using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Http;
using Registry.Server.Memory;
using Registry.Server.Telemetry.Metrics;
using Registry.Server.Tls;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;
using Registry.Server.Transport.Output;

namespace Registry.Server.Hosting.Kestrel;

/// <summary>Creates Kestrel without a generic host, with limits that suit layers instead of web pages.</summary>
internal static class KestrelFactory
{
    // An upload takes a quarter of this at a time; the rest keeps the network busy meanwhile.
    private const long ReceiveBufferSize = 1024 * 1024;

    // Room for 1,024 ranges of eleven-digit positions (24 KiB) and a token of 8 KiB. podman requests the changed chunks of an image this way,
    // and a 431 fails its pull.
    private const int MaxHeaders = 64 * 1024;

    // One GET requests a token for 300 scopes. With HTTP/2, the path counts as a header.
    private const int MaxRequestLine = 48 * 1024;

    // Each frame of a body costs a switch between threads. Kestrel keeps a frame until it is whole, so a frame may take what the headers of a request may.
    private const int MaxFrame = MaxHeaders;

    /// <summary>Creates the transport of a server.</summary>
    /// <param name="options">Settings that choose the transport.</param>
    /// <param name="pool">Memory of all connections.</param>
    /// <param name="runBlocking">Runs work that may wait for a disk.</param>
    /// <param name="unsent">Log of answers that could not be sent.</param>
    /// <param name="time">The time.</param>
    /// <param name="loggers">Its logs.</param>
    /// <param name="metrics">Counts lost connections; null for none.</param>
    public static IConnectionListenerFactory CreateTransport(
        RegistryOptions options,
        BlockPool pool,
        Func<Action, Task> runBlocking,
        UnsentAnswers unsent,
        TimeProvider time,
        ILoggerFactory loggers,
        RequestMetrics? metrics = null) =>
        options.Transport == TransportKind.Direct && OperatingSystem.IsLinux()
            ? new DirectTransport(
                pool, ReceiveBufferSize, options.Limits, options.IdleTimeout, runBlocking, unsent, time, loggers.CreateLogger<DirectTransport>())
            : new SocketTransportFactory(Options.Create(new SocketTransportOptions()), new KestrelLoggers(loggers, metrics));

    /// <summary>Creates the TLS layer of a server; null for a server in clear text.</summary>
    /// <param name="options">Time limits of connections.</param>
    /// <param name="files">The certificate; null without TLS.</param>
    /// <param name="pool">Memory of all connections.</param>
    /// <param name="runBlocking">Runs work that may wait for a disk.</param>
    /// <param name="unsent">Log of answers that could not be sent.</param>
    /// <param name="meters">Creates the meter of the handshakes.</param>
    /// <param name="time">The time.</param>
    /// <param name="loggers">Its logs.</param>
    public static TlsLayer? CreateTls(
        RegistryOptions options,
        TlsFiles? files,
        BlockPool pool,
        Func<Action, Task> runBlocking,
        UnsentAnswers unsent,
        IMeterFactory meters,
        TimeProvider time,
        ILoggerFactory loggers) => files is null
        ? null
        : new TlsLayer(files, pool, ReceiveBufferSize, options.Limits.Headers, runBlocking, unsent, meters, time, loggers.CreateLogger<TlsLayer>());

    /// <summary>Creates the limit of the connections of a server, around its transport.</summary>
    /// <param name="options">The number of connections.</param>
    /// <param name="transport">The transport.</param>
    /// <param name="hasHttp2">True when clients may use HTTP/2.</param>
    /// <param name="time">The time.</param>
    /// <param name="loggers">Its log.</param>
    public static ConnectionLimit CreateLimit(
        RegistryOptions options, IConnectionListenerFactory transport, bool hasHttp2, TimeProvider time, ILoggerFactory loggers)
    {
        var guarded = OperatingSystem.IsLinux() ? new DescriptorGuard(transport, time, loggers.CreateLogger<DescriptorGuard>()) : transport;
        var connections = options.MaxConnections ?? ConnectionLimit.Default(ProcessMemoryLimits.OfProcess.WholeHeap, hasHttp2);
        var limit = new ConnectionLimit(guarded, connections, time, loggers.CreateLogger<ConnectionLimit>());
        if (OperatingSystem.IsLinux() && transport is DirectTransport direct)
        {
            direct.IsRefused = limit.Refuses;
        }

        return limit;
    }

    /// <summary>Creates a server.</summary>
    /// <param name="options">Addresses to listen on, and time limits of connections.</param>
    /// <param name="transport">Its transport.</param>
    /// <param name="connections">The limit of its connections, around the transport.</param>
    /// <param name="tls">Its TLS layer; null for a server in clear text.</param>
    /// <param name="time">The time.</param>
    /// <param name="loggers">Its logs.</param>
    /// <param name="metrics">Counts lost connections; null for none.</param>
    public static KestrelServer Create(
        RegistryOptions options,
        IConnectionListenerFactory transport,
        ConnectionLimit connections,
        TlsLayer? tls,
        TimeProvider time,
        ILoggerFactory loggers,
        RequestMetrics? metrics = null) => Create(
        options,
        transport,
        connections,
        tls,
        kestrel =>
        {
            Listen(kestrel, options.Host, options.Port, listen => Configure(listen, options, tls, time, loggers));
            if (options.Http2Port is { } http2Port)
            {
                Listen(kestrel, options.Host, http2Port, listen => listen.Protocols = HttpProtocols.Http2);
            }
        },
        new KestrelLoggers(loggers, metrics));

    /// <summary>Creates a server on a Unix socket, in clear text.</summary>
    /// <param name="path">Path of the socket.</param>
    /// <param name="options">Time limits of connections.</param>
    /// <param name="transport">Its transport.</param>
    /// <param name="connections">The limit of its connections, around the transport.</param>
    /// <param name="loggers">Its logs.</param>
    public static KestrelServer CreateLocal(
        string path, RegistryOptions options, IConnectionListenerFactory transport, ConnectionLimit connections, ILoggerFactory loggers) => Create(
        options,
        transport,
        connections,
        tls: null,
        kestrel => kestrel.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http1),
        new KestrelLoggers(loggers));

    private static KestrelServer Create(
        RegistryOptions options,
        IConnectionListenerFactory transport,
        ConnectionLimit connections,
        TlsLayer? tls,
        Action<KestrelServerOptions> listen,
        KestrelLoggers kestrelLoggers)
    {
        var kestrel = new KestrelServerOptions
        {
            AddServerHeader = false,
            ApplicationServices = Services(tls, kestrelLoggers),
            RequestHeaderEncodingSelector = ContentLengthEncoding.Select,
        };
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = null;
        limits.MaxRequestBufferSize = ReceiveBufferSize;
        limits.MaxRequestLineSize = MaxRequestLine;
        limits.MaxRequestHeadersTotalSize = MaxHeaders;
        limits.Http2.MaxRequestHeaderFieldSize = MaxHeaders;
        limits.Http2.MaxFrameSize = MaxFrame;
        var heap = ProcessMemoryLimits.OfProcess.WholeHeap;
        var window = RequestWindow.For(heap);
        limits.Http2.InitialConnectionWindowSize = window.Connection;
        limits.Http2.InitialStreamWindowSize = window.Stream;
        limits.Http2.MaxStreamsPerConnection = ConnectionLimit.Streams(heap, connections.Limit);
        limits.MinRequestBodyDataRate = null; // BodyWatch has the rate of bodies.

        // The registry's transport and BodyWatch have the rate of responses. Kestrel's is an average that counts what the kernel has accepted.
        limits.MinResponseDataRate = OperatingSystem.IsLinux() && transport is DirectTransport
            ? null
            : new MinDataRate(options.Limits.MinBytesPerSecond, options.IdleTimeout);
        limits.RequestHeadersTimeout = options.Limits.Headers;
        limits.KeepAliveTimeout = options.Limits.KeepAlive;
        listen(kestrel);
        return new KestrelServer(Options.Create(kestrel), connections, kestrelLoggers);
    }

    // TLS needs services that only Kestrel's own registration creates; nothing else of a host is used.
    private static ServiceProvider Services(TlsLayer? tls, ILoggerFactory loggers)
    {
        if (tls is null)
        {
            return new ServiceCollection().AddSingleton(loggers).BuildServiceProvider();
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton(loggers);
        return builder.Services.BuildServiceProvider();
    }

    private static void Listen(KestrelServerOptions kestrel, string host, int port, Action<ListenOptions> configure)
    {
        switch (host)
        {
            case "*":
                kestrel.ListenAnyIP(port, configure);
                break;
            case "localhost" when port != 0:
                kestrel.ListenLocalhost(port, configure);
                break;
            case "localhost":
                kestrel.Listen(IPAddress.Loopback, port, configure);
                break;
            default:
                kestrel.Listen(IPAddress.Parse(host), port, configure);
                break;
        }
    }

    private static void Configure(ListenOptions listen, RegistryOptions options, TlsLayer? tls, TimeProvider time, ILoggerFactory loggers)
    {
        if (tls is null)
        {
            listen.Protocols = HttpProtocols.Http1;
            return;
        }

        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.Use(next => new PlainHttpOnTlsPort(next, options.Limits.Headers, time, loggers.CreateLogger<PlainHttpOnTlsPort>()).InvokeAsync);
        listen.Use(next => connection => tls.InvokeAsync(connection, next));

        // Kestrel's own layer passes connections that have TLS already. With it, Kestrel announces https:// addresses and accepts HTTP/2.
        listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => throw new UnreachableException() });
    }
}
