using System.Net;
using System.Net.Sockets;
using Registry.Testing;

namespace Registry.Torture;

/// <summary>HTTP clients with an address of their own on the loopback interface, on which the registry tells them apart.</summary>
internal static class LoopbackClient
{
    /// <summary>Creates a client. With TLS it speaks HTTP/2, as docker does, and accepts any certificate.</summary>
    /// <param name="address">Address of the registry.</param>
    /// <param name="from">Address of the client.</param>
    /// <param name="authorization">Value of the header Authorization; null for none.</param>
    /// <param name="wrap">Puts handlers in front of that of the connections.</param>
    public static HttpClient Create(Uri address, IPAddress from, string? authorization, Func<HttpMessageHandler, HttpMessageHandler>? wrap = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    socket.Bind(new IPEndPoint(from, 0));
                    await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
#pragma warning disable CA5359 // It is the registry that was just started; other tests check certificates.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        var client = new HttpClient(wrap?.Invoke(handler) ?? handler)
        {
            BaseAddress = address,
            Timeout = Patience.Limit,
            DefaultRequestVersion = address.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (authorization is not null)
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        }

        return client;
    }
}
