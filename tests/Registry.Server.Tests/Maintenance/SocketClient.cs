using System.Net.Sockets;

namespace Registry.Server.Tests.Maintenance;

/// <summary>Clients of the socket in a data folder.</summary>
internal static class SocketClient
{
    public static HttpClient Of(string path) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://localhost/"),
    };
}
