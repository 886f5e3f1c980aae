using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;

namespace Registry.Server.Transport;

/// <summary>Listening socket. It accepts connections until it is unbound; failures of single connections do not stop it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class DirectListener(Socket socket, DirectTransport transport, TimeProvider time) : IConnectionListener
{
    // While the system is short of descriptors or memory, accepting fails repeatedly at once.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    // Connections that are refused in a row, before other work has the thread.
    private const int MostRefused = 16;

    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        for (var refused = 1; ; refused++)
        {
            try
            {
                var accepted = await socket.AcceptAsync(cancellationToken);
                if (Open(accepted) is { } connection)
                {
                    return connection;
                }

                if (refused % MostRefused == 0)
                {
                    await Task.Yield();
                }
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode is not (SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable))
            {
                // The connection ended before it was accepted. Continue with the next one.
            }
#pragma warning disable CA1031 // After an exception, Kestrel would never accept again.
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
        transport.OnUnbound();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    // Null when the connection is refused.
    private DirectConnection? Open(Socket accepted)
    {
        try
        {
            if (transport.IsRefused(accepted.RemoteEndPoint))
            {
                accepted.Close(timeout: 0);
                return null;
            }

            accepted.NoDelay = true;
            accepted.Blocking = false;
            var connection = new DirectConnection(accepted, transport);
            connection.Start();
            return connection;
        }
        catch
        {
            // For example, a peer that has already gone has no addresses any more.
            accepted.Dispose();
            throw;
        }
    }
}
