using System.Net;
using Registry.Core.Access.Rules;
using Registry.Core.Changes;
using Registry.Core.Configuration;
using Registry.Core.Policies.Rules;
using Registry.Files;
using Registry.Outgoing.Configuration;

namespace Registry.Events.Configuration;

/// <summary>Reads the endpoints of a file of the events.</summary>
/// <param name="folder">Folder from which the paths in the file lead.</param>
internal sealed class EndpointReader(string folder)
{
    private const int MaxHeaders = 32;
    private const int MaxHeader = 4096;
    private const string Needed = "name, url";
    private const string Properties = $"{Needed}, format, secret, secretFile, headers, repositories, tags, kinds, addresses, ca";

    // Those that the registry sends itself, and those that describe the connection.
    private static readonly string[] OwnHeaders =
    [
        "host", "connection", "content-length", "content-type", "transfer-encoding", "upgrade", "te", "trailer", "expect", "proxy-connection", "keep-alive", "user-agent",
    ];

    private readonly HostProperties _properties = new(folder);
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>Reads an endpoint, on which the file stands.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Name of the endpoint in messages, such as <c>endpoints[0]</c>.</param>
    /// <exception cref="FormatException">It is invalid.</exception>
    public EndpointSettings Read(ref ConfigurationJson file, string path)
    {
        var line = file.Line;
        var settings = new EndpointSettings { Name = string.Empty, Url = null! };
        var seen = new HashSet<string>();
        file.BeginObject(path);
        while (file.NextProperty(seen) is { } property)
        {
            // A missing value of one that is needed is found below.
            if (!file.SkipNull())
            {
                settings = ReadProperty(ref file, settings, property, path);
            }
        }

        if (settings.Name.Length == 0 || settings.Url is null)
        {
            throw ConfigurationJson.Fault(line, $"{path} needs all of {Needed}");
        }

        return settings is { Secret: not null, SecretFile: not null }
            ? throw ConfigurationJson.Fault(line, $"{path} has both secret and secretFile; give one of them")
            : settings;
    }

    private EndpointSettings ReadProperty(ref ConfigurationJson file, EndpointSettings settings, string property, string owner)
    {
        var path = $"{owner}.{property}";
        return property switch
        {
            "name" => settings with { Name = ReadName(ref file, path) },
            "url" => settings with { Url = ReadUrl(ref file, path) },
            "format" => settings with { Format = ReadFormat(ref file, path) },
            "secret" => settings with { Secret = WebhookSecret.TryParse(file.ReadString(path)) ?? throw file.Fault($"{path} is no secret; allowed: {WebhookSecret.Form}") },
            "secretFile" => settings with { SecretFile = ReadSecretFile(ref file, path) },
            "headers" => settings with { Headers = ReadHeaders(ref file, path) },
            "repositories" => settings with { Repositories = file.ReadArray(path, "an array of patterns", AccessRulesReader.ReadPattern) },
            "tags" => settings with { Tags = file.ReadArray(path, "an array of patterns", ReadTagPattern) },
            "kinds" => settings with { Kinds = file.ReadArray(path, "an array of kinds", ReadKind) },
            "addresses" => settings with { Addresses = file.ReadArray(path, "an array of addresses", ReadNetwork) },
            "ca" => settings with { Authorities = _properties.ReadFile(ref file, path, (content, _) => CertificateBundle.Read(content)) },
            _ => throw file.Fault($"unknown property \"{property}\" in {owner}; allowed: {Properties}"),
        };
    }

    private string ReadName(ref ConfigurationJson file, string path)
    {
        var name = HostProperties.ReadName(ref file, path);
        return _names.TryAdd(name, path) ? name : throw file.Fault($"{path} is \"{name}\", and so is {_names[name]}; each endpoint has a name of its own");
    }

    private static Uri ReadUrl(ref ConfigurationJson file, string path)
    {
        var text = file.ReadString(path);
        return HostProperties.ParseUrl(text) ?? throw file.Fault(
            $"{path} is \"{HostProperties.Masked(text)}\"; allowed: https:// or http:// with a host, without a user, for example https://ci.example.com/hooks/registry");
    }

    private static EventFormat ReadFormat(ref ConfigurationJson file, string path)
    {
        var text = file.ReadString(path);
        return EventFormatName.TryParse(text, out var format) ? format : throw file.Fault($"{path} is \"{text}\"; allowed: {string.Join(", ", EventFormatName.All)}");
    }

    private string ReadSecretFile(ref ConfigurationJson file, string path) => _properties.ReadFile(ref file, path, (content, full) =>
        WebhookSecret.TryParseFile(content) is not null ? full : throw new IOException($"it must hold one to {WebhookSecret.MaxInFile} secrets, each in a line: {WebhookSecret.Form}"));

    private static List<KeyValuePair<string, string>> ReadHeaders(ref ConfigurationJson file, string path)
    {
        var headers = new List<KeyValuePair<string, string>>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        file.BeginObject(path);
        while (file.NextProperty(seen) is { } name)
        {
            var value = file.ReadString($"{path}.{name}");
            if (!IsName(name) || OwnHeaders.Contains(name, StringComparer.OrdinalIgnoreCase) || name.StartsWith("webhook-", StringComparison.OrdinalIgnoreCase))
            {
                throw file.Fault($"{path} has \"{name}\"; allowed: names of headers, except those of the connection and of the body, and webhook-…");
            }

            // The value may be a secret.
            if (value.Length > MaxHeader || !value.All(c => c is >= ' ' and <= '~') || value.Trim() != value)
            {
                throw file.Fault($"{path}.{name} is no value of a header; allowed: printable ASCII without spaces at the ends, at most {MaxHeader} characters");
            }

            headers.Add(new(name, value));
        }

        return headers.Count <= MaxHeaders ? headers : throw file.Fault($"{path} has {headers.Count} headers; allowed: {MaxHeaders}");
    }

    // RFC 9110, section 5.6.2.
    private static bool IsName(string name) => name.Length is > 0 and <= 100 && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));

    private static TagPattern ReadTagPattern(ref ConfigurationJson file, string path)
    {
        var text = file.ReadString(path);
        return TagPattern.TryParse(text) ?? throw file.Fault(
            $"{path} is \"{text}\"; allowed: letters, digits, '.', '_', '-' and '*', at most {TagPattern.MaxLength} characters");
    }

    private static ChangeKind ReadKind(ref ConfigurationJson file, string path)
    {
        var text = file.ReadString(path);
        return ChangeKindName.TryParse(text, out var kind) ? kind : throw file.Fault($"{path} is \"{text}\"; allowed: {string.Join(", ", ChangeKindName.All)}");
    }

    private static IPNetwork ReadNetwork(ref ConfigurationJson file, string path)
    {
        var text = file.ReadString(path);
        return IPNetwork.TryParse(text, out var network) ? network
            : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
            : throw file.Fault($"{path} is \"{text}\"; allowed: an address or a network, for example 10.1.2.3, 10.0.0.0/8 or fd00::/8");
    }
}
