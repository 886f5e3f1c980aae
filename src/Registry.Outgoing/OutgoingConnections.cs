using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Registry.Outgoing;

/// <summary>Connections to other hosts, of which only chosen addresses are dialled. Redirects are not followed, and no cookies are kept.</summary>
/// <param name="choose">Chooses the addresses of a host and port that may be dialled; throws if there are none.</param>
/// <param name="network">The network.</param>
/// <param name="limit">Longest time until a connection is open.</param>
/// <param name="time">The clock.</param>
public sealed class OutgoingConnections(
    Func<string, int, IReadOnlyList<IPAddress>, IReadOnlyList<IPAddress>> choose, OutgoingNetwork network, TimeSpan limit, TimeProvider time)
{
    // As long as the host and what is between may need to notice a new address in DNS.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Creates the pool.</summary>
    /// <param name="most">Largest number of connections to a host.</param>
    /// <param name="authorities">Certificates that sign those of the hosts; null for those of the machine.</param>
    /// <param name="proxy">Proxy, which resolves the names of hosts in our place; null for none.</param>
    public SocketsHttpHandler Create(int most, X509Certificate2Collection? authorities, IWebProxy? proxy)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = proxy is not null,
            Proxy = proxy,
            ConnectTimeout = limit,
            PooledConnectionLifetime = Lifetime,
            MaxConnectionsPerServer = most,
            EnableMultipleHttp2Connections = true,

            // A reader that goes away in the middle of a layer costs a connection, not the rest of the layer.
            MaxResponseDrainSize = 64 * 1024,
            ConnectCallback = (context, token) => IsToProxy(context, proxy) ? DialProxyAsync(context.DnsEndPoint, token) : DialAsync(context.DnsEndPoint, token),
        };
        if (authorities is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        return handler;
    }

    // A tunnel is opened with CONNECT. Without one, the proxy is another host than that of the request.
    private static bool IsToProxy(SocketsHttpConnectionContext context, IWebProxy? proxy) => proxy is not null &&
        (context.InitialRequestMessage is not { RequestUri: { } url, Method: var method } || method == HttpMethod.Connect ||
            url.IdnHost != context.DnsEndPoint.Host || url.Port != context.DnsEndPoint.Port);

    private async ValueTask<Stream> DialProxyAsync(DnsEndPoint host, CancellationToken cancellationToken) =>
        await DialAsync(await ResolveAsync(host.Host, cancellationToken), host.Port, cancellationToken);

    // What was checked is dialled. A second look into DNS could find another address.
    private async ValueTask<Stream> DialAsync(DnsEndPoint host, CancellationToken cancellationToken) =>
        await DialAsync(choose(host.Host, host.Port, await ResolveAsync(host.Host, cancellationToken)), host.Port, cancellationToken);

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) =>
        IPAddress.TryParse(host, out var literal) ? [literal] : await network.Resolve(host, cancellationToken);

    // One after the other. All together have the time that one would have.
    private async Task<Stream> DialAsync(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        for (var i = 0; i < addresses.Count; i++)
        {
            using var share = new CancellationTokenSource(limit / addresses.Count, time);
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(share.Token, cancellationToken);
            try
            {
                return await network.Connect(new IPEndPoint(addresses[i], port), ends.Token);
            }
            catch (Exception e) when (i + 1 < addresses.Count && !cancellationToken.IsCancellationRequested && e is SocketException or OperationCanceledException)
            {
                // The next may be on another network.
            }
        }

        throw new SocketException((int)SocketError.HostNotFound);
    }
}
