using System.Net;
using System.Net.Sockets;

namespace Registry.Mirror.Upstreams.Addresses;

/// <summary>The network on which upstreams are reached.</summary>
/// <param name="Resolve">Finds the addresses of a host name. Throws <see cref="SocketException"/>.</param>
/// <param name="Connect">Opens a connection to an address. Throws <see cref="SocketException"/>.</param>
internal sealed record UpstreamNetwork(
    Func<string, CancellationToken, Task<IPAddress[]>> Resolve, Func<IPEndPoint, CancellationToken, ValueTask<Stream>> Connect)
{
    /// <summary>The network of this machine.</summary>
    public static UpstreamNetwork OfMachine { get; } = new(Dns.GetHostAddressesAsync, ConnectAsync);

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
