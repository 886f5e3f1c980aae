using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Registry.Server.Transport;

/// <summary>A socket that takes connections until it is unbound, whatever happens to single ones.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class DirectListener(Socket socket, DirectTransport transport, TimeProvider time, ILogger logger) : IConnectionListener
{
    // Without descriptors, accepting fails at once, again and again; some connection must end first.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private bool _isStarved;

    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                var accepted = await socket.AcceptAsync(cancellationToken);
                _isStarved = false;
                return Open(accepted);
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                if (!_isStarved)
                {
                    _isStarved = true;
                    LogStarved(e.Message);
                }

                await Task.Delay(Pause, time, cancellationToken);
            }
            catch (SocketException)
            {
                // A connection that ended before it was accepted or looked at. The next one may be fine.
            }
#pragma warning disable CA1031 // Without descriptors not even an assembly can be loaded, and Kestrel would never accept again.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    private DirectConnection Open(Socket accepted)
    {
        try
        {
            accepted.NoDelay = true;
            accepted.Blocking = false;
            var connection = new DirectConnection(accepted, transport);
            connection.Start();
            return connection;
        }
        catch
        {
            // A peer that has gone already has no addresses any more, for example.
            accepted.Dispose();
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "No connection can be accepted at the moment: {Reason}. Raise the limit of open files (ulimit -n) if this repeats")]
    private partial void LogStarved(string reason);
}
