using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Registry.Bench.Peers;

/// <summary>Kestrel with an empty answer to every request: the ceiling for servers built on it.</summary>
internal static class BareKestrel
{
    public const string Name = "bare Kestrel";

    /// <summary>The hidden command that <see cref="StartAsync"/> runs this program with.</summary>
    public const string Command = "serve-nothing";

    /// <summary>Starts it as a separate process, with the server's runtime settings.</summary>
    public static Task<Contestant> StartAsync(string folder)
    {
        var address = Contestant.FreeAddress(certificate: null);
        string[] arguments =
        [
            "exec", "--runtimeconfig", DotNet.BesideThis("registry.runtimeconfig.json"), "--depsfile", DotNet.BesideThis("Registry.Bench.deps.json"),
            DotNet.BesideThis("Registry.Bench.dll"), Command, $"{address.EndPoint.Port}",
        ];
        return Contestant.StartAsync(Name, Environment.Version.ToString(), folder, address, DotNet.Host, arguments);
    }

    /// <summary>Serves until the process is killed.</summary>
    public static async Task ServeAsync(string port)
    {
        var options = new KestrelServerOptions
        {
            AddServerHeader = false,
            ApplicationServices = new ServiceCollection().AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).BuildServiceProvider(),
        };
        options.Listen(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture), listen => listen.Protocols = HttpProtocols.Http1);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        using var server = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
        await server.StartAsync(new Nothing(), CancellationToken.None);
        await Task.Delay(Timeout.Infinite);
    }

    private sealed class Nothing : IHttpApplication<IFeatureCollection>
    {
        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public Task ProcessRequestAsync(IFeatureCollection context)
        {
            context.Get<IHttpResponseFeature>()!.Headers.ContentLength = 0;
            return Task.CompletedTask;
        }

        public void DisposeContext(IFeatureCollection context, Exception? exception)
        {
        }
    }
}
