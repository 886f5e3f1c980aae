using System.Text;
using Registry.Core.Access.Rules;
using Registry.Core.Configuration;
using Registry.Core.Oci;
using Registry.Files;
using Registry.Outgoing.Configuration;

namespace Registry.Mirror.Configuration;

/// <summary>Reads the upstreams of a file of the mirror, and what may be in one of them only.</summary>
/// <param name="folder">Folder from which the paths in the file lead.</param>
internal sealed class UpstreamReader(string folder)
{
    private const int MaxConnections = 256;
    private const string Needed = "name, url, prefix";
    private const string Properties =
        $"{Needed}, namespaces, hosts, library, username, passwordFile, repositories, fetch, check, stale, removed, keep, maxSize, connections, ca, realms, redirects";

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly HostProperties _properties = new(folder);
    private readonly Dictionary<(string Kind, string Value), string> _taken = [];
    private readonly List<(string Prefix, string Path)> _prefixes = [];

    /// <summary>Reads an upstream, on which the file stands.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">Name of the upstream in messages, such as <c>upstreams[0]</c>.</param>
    /// <exception cref="FormatException">It is invalid.</exception>
    public UpstreamSettings Read(ref ConfigurationJson file, string path)
    {
        var line = file.Line;
        var settings = new UpstreamSettings { Name = string.Empty, Url = null!, Prefix = string.Empty };
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

        if (settings.Name.Length == 0 || settings.Url is null || settings.Prefix.Length == 0)
        {
            throw ConfigurationJson.Fault(line, $"{path} needs all of {Needed}");
        }

        return settings.UserName is null == settings.PasswordFile is null
            ? settings
            : throw ConfigurationJson.Fault(line, $"{path} has only one of username and passwordFile; it needs both, or neither for anonymous pulls");
    }

    /// <summary>Reads the names of this registry.</summary>
    /// <param name="file">The file; the array is its next value.</param>
    /// <param name="path">Name of the array in messages.</param>
    /// <exception cref="FormatException">It is invalid.</exception>
    public IReadOnlyList<string> ReadOwn(ref ConfigurationJson file, string path) =>
        file.ReadStrings(path, host => FaultOfHost(host, path) ?? Take("namespace", host, path) ?? Take("host", host, path));

    private UpstreamSettings ReadProperty(ref ConfigurationJson file, UpstreamSettings settings, string property, string owner)
    {
        var path = $"{owner}.{property}";
        return property switch
        {
            "name" => settings with { Name = ReadName(ref file, path) },
            "url" => settings with { Url = ReadUrl(ref file, path) },
            "prefix" => settings with { Prefix = ReadPrefix(ref file, path), PrefixLine = file.Line },
            "namespaces" => settings with { Namespaces = ReadHosts(ref file, path, "namespace") },
            "hosts" => settings with { Hosts = ReadHosts(ref file, path, "host") },
            "library" => settings with { HasLibrary = file.ReadBoolean(path) },
            "username" => settings with { UserName = ReadUser(ref file, path) },
            "passwordFile" => settings with { PasswordFile = ReadPasswordFile(ref file, path) },
            "repositories" => settings with { Repositories = file.ReadArray(path, "an array of patterns", AccessRulesReader.ReadPattern) },
            "fetch" => settings with { Fetch = AccessRulesReader.ReadUsers(ref file, path, allowsGroups: true) },
            "check" => settings with { Check = ParseTime(ref file, path, file.ReadString(path)) },
            "stale" => settings with { Stale = ReadStale(ref file, path) },
            "removed" => settings with { ServesRemoved = ReadChoice(ref file, path, "hide", "serve") },
            "keep" => settings with { Keep = ReadKeep(ref file, path) },
            "maxSize" => settings with { MaxSize = ReadSize(ref file, path) },
            "connections" => settings with { Connections = file.ReadNumber(path, 1, MaxConnections) },
            "ca" => _properties.ReadFile(ref file, path, (content, full) => settings with { Authorities = CertificateBundle.Read(content), AuthoritiesFile = full }),
            "realms" => settings with { Realms = ReadHosts(ref file, path) },
            "redirects" => settings with { Redirects = ReadHosts(ref file, path) },
            _ => throw file.Fault($"unknown property \"{property}\" in {owner}; allowed: {Properties}"),
        };
    }

    private string ReadName(ref ConfigurationJson file, string path)
    {
        var name = HostProperties.ReadName(ref file, path);
        return Take("name", name, path) is { } fault ? throw file.Fault(fault) : name;
    }

    private static Uri ReadUrl(ref ConfigurationJson file, string path)
    {
        var text = file.ReadString(path);
        return HostProperties.ParseUrl(text) is { PathAndQuery: "/" } url
            ? url
            : throw file.Fault($"{path} is \"{HostProperties.Masked(text)}\"; allowed: https:// or http:// with a host, without a path or user, for example https://registry-1.docker.io");
    }

    // Of two prefixes of which one begins the other, a name could be under both.
    private string ReadPrefix(ref ConfigurationJson file, string path)
    {
        var prefix = file.ReadString(path);
        if (!RepositoryName.IsValid(prefix))
        {
            throw file.Fault($"{path} is \"{prefix}\"; allowed: the beginning of a repository name, without a slash at its end, for example hub");
        }

        foreach (var (other, owner) in _prefixes)
        {
            if (prefix == other || prefix.StartsWith($"{other}/", StringComparison.Ordinal) || other.StartsWith($"{prefix}/", StringComparison.Ordinal))
            {
                throw file.Fault($"{path} is \"{prefix}\", and {owner} is \"{other}\"; a repository could be under both");
            }
        }

        _prefixes.Add((prefix, path));
        return prefix;
    }

    private List<string> ReadHosts(ref ConfigurationJson file, string path, string? kind = null) =>
        file.ReadStrings(path, host => FaultOfHost(host, path) ?? (kind is null ? null : Take(kind, host, path)));

    private static string? FaultOfHost(string host, string path) =>
        host.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']')
        && Uri.TryCreate($"https://{host}", UriKind.Absolute, out var url) && url.HostNameType is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
            ? null
            : $"{path} holds \"{host}\"; allowed: host names in lower case, each with a port if it has one, for example registry.example.com:5000";

    private static string ReadUser(ref ConfigurationJson file, string path)
    {
        var user = file.ReadString(path);
        return user.Length > 0 && !user.Any(c => char.IsControl(c) || c == ':')
            ? user
            : throw file.Fault($"{path} is \"{user}\"; allowed: a user name without ':' and control characters");
    }

    private string ReadPasswordFile(ref ConfigurationJson file, string path) => _properties.ReadFile(ref file, path, (content, full) =>
        Encoding.UTF8.GetString(content).Trim().Length > 0 ? full : throw new IOException("it is empty; it must hold the password or token of the user"));

    private static TimeSpan? ReadStale(ref ConfigurationJson file, string path) => file.ReadString(path) switch
    {
        "always" => null,
        "never" => TimeSpan.Zero,
        var text => ParseTime(ref file, path, text, "\"always\", \"never\", or "),
    };

    private static TimeSpan? ReadKeep(ref ConfigurationJson file, string path) =>
        file.ReadString(path) is var text && text == "forever" ? null : ParseTime(ref file, path, text, "\"forever\", or ", Second);

    private static TimeSpan ParseTime(ref ConfigurationJson file, string path, string text, string words = "", TimeSpan least = default) =>
        Duration.TryParse(text, out var time) && time >= least ? time : throw file.Fault($"{path} is \"{text}\"; allowed: {words}a time such as 90s, 12h or 30d");

    private static bool ReadChoice(ref ConfigurationJson file, string path, string no, string yes)
    {
        var word = file.ReadString(path);
        return word == yes || word == no ? word == yes : throw file.Fault($"{path} is \"{word}\"; allowed: \"{no}\", \"{yes}\"");
    }

    private static long ReadSize(ref ConfigurationJson file, string path)
    {
        var text = file.ReadString(path);
        return ByteSize.TryParse(text, out var size) && size > 0 ? size : throw file.Fault($"{path} is \"{text}\"; allowed: a size of 1 byte or more, such as 200GiB");
    }

    private string? Take(string kind, string value, string path) => _taken.TryAdd((kind, value), path)
        ? null
        : $"{path} has \"{value}\", and so has {_taken[(kind, value)]}; it may be in one place only";
}
