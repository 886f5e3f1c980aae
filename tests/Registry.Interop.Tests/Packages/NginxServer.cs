using System.Net;
using System.Net.Sockets;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Packages;

/// <summary>A real nginx, in a folder of its own.</summary>
internal sealed class NginxServer : IAsyncDisposable
{
    private readonly BackgroundProcess _process;
    private readonly string _errorLog;

    private NginxServer(BackgroundProcess process, string errorLog, int port) => (_process, _errorLog, Port) = (process, errorLog, port);

    /// <summary>Port that it listens on.</summary>
    public int Port { get; }

    /// <summary>Starts nginx, and waits until it listens.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="servers">The blocks of its servers, one of which listens on the port.</param>
    /// <param name="port">The port.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<NginxServer> StartAsync(TemporaryFolder folder, string servers, int port, CancellationToken cancellationToken)
    {
        string errorLog = folder.File("error.log");
        await File.WriteAllTextAsync(
            folder.File("nginx.conf"),
            $$"""
            worker_processes 1;
            pid {{folder.File("nginx.pid")}};
            error_log {{errorLog}} warn;
            events { }
            http {
              access_log off;
              client_body_temp_path {{folder.Folder("body")}};
              proxy_temp_path {{folder.Folder("proxy")}};
              fastcgi_temp_path {{folder.Folder("fastcgi")}};
              uwsgi_temp_path {{folder.Folder("uwsgi")}};
              scgi_temp_path {{folder.Folder("scgi")}};
            {{servers}}
            }
            """,
            cancellationToken);
        var nginx = new Command("nginx", "nginx", "-p", folder.Path, "-c", folder.File("nginx.conf"), "-e", errorLog);
        var server = new NginxServer(nginx.Start("-g", "daemon off;"), errorLog, port);
        await Eventually.HoldsAsync(() => server.IsListeningAsync(cancellationToken), "nginx listens", cancellationToken);
        return server;
    }

    /// <summary>Fails if a body was written to a file on its way.</summary>
    public async Task AssertNothingWasBufferedAsync(CancellationToken cancellationToken) => Assert.DoesNotContain(
        "buffered to a temporary file", await File.ReadAllTextAsync(_errorLog, cancellationToken), StringComparison.Ordinal);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task<bool> IsListeningAsync(CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
