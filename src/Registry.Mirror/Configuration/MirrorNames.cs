using System.Collections.Frozen;
using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Mirror.Configuration;

/// <summary>
/// Maps the names in requests to repositories. An upstream is reached by the prefix of the name, by the query parameter <c>ns</c> (OCI distribution-spec, "Registry
/// Proxying"), or by the host name at which the client asks. Costs a local name no allocation.
/// </summary>
public sealed class MirrorNames
{
    private const string Library = "library";
    private const int MaxEcho = 160;

    private readonly FrozenDictionary<string, UpstreamSettings[]>.AlternateLookup<ReadOnlySpan<char>> _byFirstSegment;
    private readonly FrozenDictionary<string, UpstreamSettings> _byNamespace;
    private readonly FrozenDictionary<string, UpstreamSettings>.AlternateLookup<ReadOnlySpan<char>> _byHost;
    private readonly FrozenSet<string> _own;

    /// <summary>Creates the names of a configuration.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="ownHost">Host of this registry, with its port if that is not of the scheme; null if it is not known.</param>
    public MirrorNames(MirrorConfiguration configuration, string? ownHost)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        Configuration = configuration;
        var upstreams = configuration.Upstreams;
        _byFirstSegment = upstreams.GroupBy(upstream => upstream.Prefix.Split('/')[0])
            .ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _byNamespace = ByKey(upstream => upstream.Namespaces, StringComparer.Ordinal);
        _byHost = ByKey(upstream => upstream.Hosts, StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
        _own = (ownHost is null ? configuration.Own : configuration.Own.Append(ownHost)).ToFrozenSet(StringComparer.Ordinal);

        FrozenDictionary<string, UpstreamSettings> ByKey(Func<UpstreamSettings, IEnumerable<string>> keys, StringComparer comparer) =>
            upstreams.SelectMany(upstream => keys(upstream).Select(key => (key, upstream))).ToFrozenDictionary(pair => pair.key, pair => pair.upstream, comparer);
    }

    /// <summary>The configuration.</summary>
    public MirrorConfiguration Configuration { get; }

    /// <summary>
    /// Finds the upstream of a name that begins with its prefix; null for a repository of this registry. A name without <c>library/</c> finds the one with it, if the upstream
    /// has such names, so both are one repository.
    /// </summary>
    public MirroredName? Find(RepositoryName name)
    {
        var text = name.Value.AsSpan();
        var end = text.IndexOf('/');
        if (end < 0 || !_byFirstSegment.TryGetValue(text[..end], out var candidates))
        {
            return null;
        }

        foreach (var upstream in candidates)
        {
            if (IsUnder(upstream, text))
            {
                return upstream.HasLibrary && !text[(upstream.Prefix.Length + 1)..].Contains('/')
                    && RepositoryName.TryParse($"{upstream.Prefix}/{Library}/{text[(upstream.Prefix.Length + 1)..]}", out var full)
                    ? new MirroredName(upstream, full)
                    : new MirroredName(upstream, name);
            }
        }

        return null;
    }

    /// <summary>Maps the name of a request.</summary>
    /// <param name="name">Name in the path: at the upstream, or here.</param>
    /// <param name="ns">Query parameter <c>ns</c>; null without one. It is looked up, and never dialled.</param>
    /// <param name="host">Host that the client has asked, with its port; it need not be valid.</param>
    /// <returns>
    /// The repository, or <see cref="RegistryErrorCode.NameUnknown"/> for another <paramref name="ns"/>, or <see cref="RegistryErrorCode.NameInvalid"/> for a name that is
    /// too long with its prefix.
    /// </returns>
    public Result<MappedName> Map(RepositoryName name, string? ns, string? host)
    {
        UpstreamSettings? upstream = null;
        if (ns is not null && !_own.Contains(ns) && !_byNamespace.TryGetValue(ns, out upstream))
        {
            return new RegistryError(
                RegistryErrorCode.NameUnknown, $"ns is '{(ns.Length <= MaxEcho ? ns : $"{ns[..MaxEcho]}…")}', which is no registry that is mirrored here, and no name of this one");
        }

        upstream ??= ns is null ? FindHost(host) : null;
        var shown = ns ?? upstream?.Name;

        // A client that has the prefix in the address of its mirror sends both, and the next page of a list has the name here.
        if (upstream is null || IsUnder(upstream, name.Value))
        {
            var found = Find(name);
            return new MappedName(found?.Local ?? name, found, shown);
        }

        return RepositoryName.TryParse($"{upstream.Prefix}/{name}", out var local) && Find(local) is { } mirrored
            ? new MappedName(mirrored.Local, mirrored, shown)
            : new RegistryError(RegistryErrorCode.NameInvalid, $"with the prefix {upstream.Prefix}/ of its upstream, the name has more than {RepositoryName.MaxLength} characters");
    }

    private UpstreamSettings? FindHost(ReadOnlySpan<char> host)
    {
        if (_byHost.TryGetValue(host, out var upstream))
        {
            return upstream;
        }

        // The colons of an IPv6 address are inside brackets.
        var port = host.LastIndexOf(':');
        return port > host.LastIndexOf(']') && _byHost.TryGetValue(host[..port], out upstream) ? upstream : null;
    }

    private static bool IsUnder(UpstreamSettings upstream, ReadOnlySpan<char> name) =>
        name.Length > upstream.Prefix.Length + 1 && name[upstream.Prefix.Length] == '/' && name.StartsWith(upstream.Prefix, StringComparison.Ordinal);
}
