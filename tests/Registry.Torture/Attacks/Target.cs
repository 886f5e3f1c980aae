using System.Net;
using System.Net.Security;
using System.Text;
using Registry.Testing.Connections;

namespace Registry.Torture.Attacks;

/// <summary>An attacked registry, and the means of the attackers: one user, and several addresses.</summary>
/// <param name="Address">Address of the registry. The scheme https stands for TLS.</param>
/// <param name="Http2">Address for HTTP/2: with TLS the same, otherwise that of the port for HTTP/2 in clear text.</param>
/// <param name="User">User of the attackers, who may push.</param>
/// <param name="Password">Password of this user.</param>
/// <param name="Scale">Share of the full number of connections, from 0 to 1.</param>
internal sealed record Target(Uri Address, Uri Http2, string User, string Password, double Scale)
{
    private const int Sources = 8;

    /// <summary>Repository of the attackers.</summary>
    public const string Repository = "attack/app";

    public bool IsTls => Address.Scheme == Uri.UriSchemeHttps;

    /// <summary>Value of the header Authorization.</summary>
    public string Authorization => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"))}";

    /// <summary>Number of connections of an attack, at least one.</summary>
    public int Count(int full) => Math.Max(1, (int)(full * Scale));

    /// <summary>The head of a request of the attackers' user, with its empty line.</summary>
    public string Head(string method, string path, params ReadOnlySpan<string> headers) =>
        $"{method} {path} HTTP/1.1\r\nHost: registry\r\nAuthorization: {Authorization}\r\n{string.Concat(headers.ToArray().Select(header => $"{header}\r\n"))}\r\n";

    /// <summary>The block of headers of a GET of the attackers' user over HTTP/2.</summary>
    public byte[] Http2Get(string path) => Http2Head(Http2Frames.GetMethod, path);

    /// <summary>The block of headers of a request of the attackers' user over HTTP/2.</summary>
    public byte[] Http2Head(byte method, string path) => [.. Http2Frames.Head(method, path, IsTls), .. Http2Frames.Literal(0, Authorization, "authorization")];

    /// <summary>Connects for HTTP/1.1.</summary>
    /// <param name="member">Number of the attacker, which decides its address.</param>
    /// <param name="stop">Cancels the connecting.</param>
    /// <param name="receiveBuffer">Receive buffer in bytes; null for the system's.</param>
    public Task<RawConnection> OpenAsync(int member, CancellationToken stop, int? receiveBuffer = null) =>
        RawConnection.OpenAsync(Address, Source(member), receiveBuffer, cancellationToken: stop);

    /// <summary>Connects without TLS, even where the registry expects it.</summary>
    public Task<RawConnection> OpenBareAsync(int member, CancellationToken stop) =>
        RawConnection.OpenAsync(new Uri($"http://{Address.Authority}"), Source(member), cancellationToken: stop);

    /// <summary>Connects for HTTP/2, without sending anything of it.</summary>
    public Task<RawConnection> OpenHttp2Async(int member, CancellationToken stop) =>
        RawConnection.OpenAsync(Http2, Source(member), protocol: SslApplicationProtocol.Http2, cancellationToken: stop);

    /// <summary>A proper client of the attackers' user, for what an attack needs in the registry.</summary>
    public HttpClient CreateClient() => LoopbackClient.Create(Address, Source(0), Authorization);

    private static IPAddress Source(int member) => new([127, 0, 0, (byte)(2 + (member % Sources))]);
}
