using System.Net.Sockets;
using Registry.Server.Configuration;
using Registry.Storage.Files;

namespace Registry.Server.Commands.Remote;

/// <summary>The socket on which a running registry listens for commands of the same machine.</summary>
internal static class LocalSocket
{
    /// <summary>Finds the registry that runs on the data folder of the settings.</summary>
    /// <param name="options">The settings.</param>
    /// <returns>Its address; null if none runs there that has a socket.</returns>
    /// <exception cref="RemoteException">There is one, and this user may not ask it.</exception>
    public static async Task<RemoteAddress?> FindAsync(RegistryOptions options)
    {
        var path = new DataPaths(options.StoragePath).Socket;

        // With the metadata in a database there is no data folder.
        if (options.Storage.Database is not null || !File.Exists(path))
        {
            return null;
        }

        try
        {
            using var socket = await ConnectAsync(path, CancellationToken.None);
            return RemoteAddress.OfSocket(path);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new RemoteException($"{path}: the registry runs, and only root and its own user may ask it; run the command as one of them, or name an address with --server, as an admin");
        }
        catch (SocketException)
        {
            // A process that was killed leaves its socket, and one that stops removes it.
            return null;
        }
    }

    /// <summary>Creates the handler of requests to an address.</summary>
    public static SocketsHttpHandler CreateHandler(RemoteAddress address)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        if (address.Socket is { } path)
        {
            // A proxy of the environment is not for this machine.
            handler.UseProxy = false;
            handler.ConnectCallback = async (_, cancellationToken) => new NetworkStream(await ConnectAsync(path, cancellationToken), ownsSocket: true);
        }

        return handler;
    }

    private static async Task<Socket> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
