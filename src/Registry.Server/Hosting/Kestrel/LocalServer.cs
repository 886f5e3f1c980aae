using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Registry.Files;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting.Kestrel;

/// <summary>
/// Serves the registry's own API on a Unix socket in the data folder, for commands on the same machine. Only the user of the registry, and root, may open it.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class LocalServer : IAsyncDisposable
{
    // sun_path without its end (unix(7)).
    private const int MaxPath = 107;

    private readonly KestrelServer _kestrel;

    private LocalServer(string path, RegistryOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        var transport = new SocketTransportFactory(
            Options.Create(new SocketTransportOptions
            {
                // Nobody can connect before Kestrel listens.
                CreateBoundListenSocket = endpoint =>
                {
                    var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
                    File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                    return socket;
                },
            }),
            loggers);
        var connections = KestrelFactory.CreateLimit(options, transport, hasHttp2: false, time, loggers);
        _kestrel = KestrelFactory.CreateLocal(path, options, transport, connections, loggers);
    }

    /// <summary>Starts listening, instead of an earlier process that was killed. A folder in which that is impossible has a line in the log.</summary>
    /// <param name="path">Path of the socket, in a data folder that only this process uses.</param>
    /// <param name="options">Time limits of connections.</param>
    /// <param name="application">Answers the requests.</param>
    /// <param name="time">The time.</param>
    /// <param name="loggers">Its logs.</param>
    /// <returns>Null if it cannot listen.</returns>
    public static async Task<LocalServer?> TryStartAsync(string path, RegistryOptions options, HttpApplication application, TimeProvider time, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger<LocalServer>();
        var length = Encoding.UTF8.GetByteCount(path);
        if (length > MaxPath)
        {
            LogImpossible(logger, path, $"its path has {length} bytes, and a socket may have {MaxPath}");
            return null;
        }

        var server = new LocalServer(path, options, time, loggers);
        try
        {
            // A process that was killed leaves it.
            File.Delete(path);
            await server._kestrel.StartAsync(application, CancellationToken.None);
            return server;
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException)
        {
            server._kestrel.Dispose();
            LogImpossible(logger, path, e is SocketException or { InnerException: SocketException } ? (e.InnerException ?? e).Message : IoFault.Reason(e, path));
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Stops at once: a command that follows a job says that the registry has stopped. The library removes the file of a socket that it closes.
        await _kestrel.StopAsync(new CancellationToken(canceled: true));
        _kestrel.Dispose();
    }

    [LoggerMessage(1, LogLevel.Warning,
        "There is no socket {Path}: {Reason}. Commands on this machine cannot find the running registry; 'registry gc', 'verify' and 'jobs' need --server then")]
    private static partial void LogImpossible(ILogger logger, string path, string reason);
}
