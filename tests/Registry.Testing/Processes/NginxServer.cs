using System.Net;
using System.Net.Sockets;

namespace Registry.Testing.Processes;

/// <summary>A real nginx (Debian: <c>nginx</c>), in a folder of its own.</summary>
public sealed class NginxServer : IAsyncDisposable
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
    public static async Task<NginxServer> StartAsync(TemporaryFolder folder, string servers, int port, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
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
        BackgroundProcess nginx = BackgroundProcess.Start(
            "nginx", ["-p", folder.Path, "-c", folder.File("nginx.conf"), "-e", errorLog, "-g", "daemon off;"]);
        var server = new NginxServer(nginx, errorLog, port);
        await Eventually.HoldsAsync(() => server.IsListeningAsync(cancellationToken), "nginx listens", cancellationToken);
        return server;
    }

    /// <summary>Reads what nginx has logged: warnings and errors.</summary>
    public Task<string> ReadLogAsync(CancellationToken cancellationToken = default) => File.ReadAllTextAsync(_errorLog, cancellationToken);

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
