using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Registry.Core.Oci;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Remote;

/// <summary>Address of a running registry.</summary>
/// <param name="Url">Scheme, host and port.</param>
/// <param name="Login">Host and port as <c>docker login</c> keeps them.</param>
internal sealed record RemoteAddress(Uri Url, string Login)
{
    /// <summary>The socket of a registry on this machine; null for a registry that is asked over the network.</summary>
    public string? Socket { get; private init; }

    /// <summary>The registry in messages about connections.</summary>
    public string Place => Socket is null ? Url.GetLeftPart(UriPartial.Authority) : Login;

    /// <summary>Names a registry by the socket in its data folder.</summary>
    public static RemoteAddress OfSocket(string path) => new(new Uri("http://localhost/"), $"the registry in {Path.GetDirectoryName(path)}") { Socket = path };

    /// <summary>Creates the option that names a registry. Each command needs its own instance.</summary>
    public static Option<string> CreateOption() => new("--server")
    {
        HelpName = "URL",
        Description = "Address of the registry: http:// or https:// with a host. Default: the host in the argument, else REGISTRY_EXTERNAL_URL, else host and port of the settings.",
    };

    /// <summary>The same for maintenance, which otherwise looks at the data folder of the settings.</summary>
    public static Option<string?> CreateOptionToMaintain() => new("--server")
    {
        HelpName = "URL",
        Description = "Address of a running registry: http:// or https:// with a host. Uses the login of 'docker login', which must be an admin's. Default: the registry of the data folder.",
    };

    /// <summary>Finds the registry that a command asks.</summary>
    /// <param name="server">Value of the option; null without it.</param>
    /// <param name="text">The image as it was given: with a host in front, or without.</param>
    /// <param name="sources">The settings, for a command that names no registry.</param>
    /// <param name="image">The image, without the host.</param>
    /// <param name="fault">Fault of the arguments or settings; empty on success.</param>
    /// <returns>Null when there is a fault.</returns>
    public static RemoteAddress? Find(string? server, string text, SettingSources sources, out ImageReference? image, out string fault)
    {
        // With --server, a first part such as "my.org" is a part of the name, unless it cannot be one.
        var isWithoutHost = ImageReference.TryParse(text, out image) && (server is not null || !ImageReference.TryParseWithHost(text, out var rest) || rest.Repository == image.Repository);
        var host = isWithoutHost ? null : text[..text.IndexOf('/', StringComparison.Ordinal)];
        if (!isWithoutHost)
        {
            _ = ImageReference.TryParseWithHost(text, out image);
        }

        return Find(server, host, sources, out fault);
    }

    /// <summary>Finds the registry that a command asks about all repositories.</summary>
    /// <param name="server">Value of the option; null without it.</param>
    /// <param name="host">The host in the argument; null without one.</param>
    /// <param name="sources">The settings.</param>
    /// <param name="fault">Fault of the arguments or settings; empty on success.</param>
    /// <returns>Null when there is a fault.</returns>
    public static RemoteAddress? Find(string? server, string? host, SettingSources sources, out string fault) =>
        server is not null ? Parse(server, host, out fault)
        : host is null ? OfSettings(sources, out fault)
        : OfHost(host, out fault);

    private static RemoteAddress? Parse(string server, string? host, out string fault)
    {
        if (!Uri.TryCreate(server, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.PathAndQuery != "/" || url.UserInfo.Length > 0)
        {
            fault = $"--server is '{server}'; allowed: http:// or https:// with a host, for example http://localhost:15000";
            return null;
        }

        fault = host is null || string.Equals(host, url.Authority, StringComparison.OrdinalIgnoreCase)
            ? string.Empty
            : $"the image is on {host}, and --server is {url.Authority}; name one of them";
        return fault.Length == 0 ? new RemoteAddress(url, url.Authority) : null;
    }

    // As docker does: HTTPS, except to this machine.
    private static RemoteAddress? OfHost(string host, out string fault)
    {
        fault = string.Empty;
        if (Uri.TryCreate($"https://{host}/", UriKind.Absolute, out var url) && url.PathAndQuery == "/" && url.UserInfo.Length == 0)
        {
            return new RemoteAddress(url.IsLoopback ? new Uri($"http://{host}/") : url, host);
        }

        fault = $"'{host}' is not a host";
        return null;
    }

    private static RemoteAddress? OfSettings(SettingSources sources, out string fault)
    {
        var loaded = OptionsReader.Read(sources);
        var options = loaded.Options;
        fault = loaded.Faults is [var first, ..] ? first
            : options is { ExternalUrl: null, Port: 0 } ? "REGISTRY_PORT is 0, so the port of the running registry is unknown; pass its address with --server"
            : string.Empty;
        if (fault.Length > 0)
        {
            return null;
        }

        var url = options.ExternalUrl is { } external
            ? new Uri(external)
            : new UriBuilder(options.TlsCert is null ? "http" : "https", HostOf(options.Host), options.Port).Uri;
        return new RemoteAddress(new Uri(url, "/"), url.Authority);
    }

    private static string HostOf(string listening) => listening switch
    {
        "*" or "0.0.0.0" or "::" => "localhost",
        _ when IPAddress.TryParse(listening, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 => $"[{listening}]",
        _ => listening,
    };
}
