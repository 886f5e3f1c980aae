using System.Net;
using System.Net.Sockets;

namespace Registry.Outgoing;

/// <summary>The network on which other hosts are reached.</summary>
/// <param name="Resolve">Finds the addresses of a host name. Throws <see cref="SocketException"/>.</param>
/// <param name="Connect">Opens a connection to an address. Throws <see cref="SocketException"/>.</param>
public sealed record OutgoingNetwork(
    Func<string, CancellationToken, Task<IPAddress[]>> Resolve, Func<IPEndPoint, CancellationToken, ValueTask<Stream>> Connect)
{
    /// <summary>The network of this machine.</summary>
    public static OutgoingNetwork OfMachine { get; } = new(Dns.GetHostAddressesAsync, ConnectAsync);

    private static async ValueTask<Stream> ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
