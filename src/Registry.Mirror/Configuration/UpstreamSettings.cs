using System.Security.Cryptography.X509Certificates;
using Registry.Core.Access.Rules;

namespace Registry.Mirror.Configuration;

/// <summary>An upstream of the configuration.</summary>
public sealed record UpstreamSettings
{
    /// <summary>Name in messages, metrics and the history, and the origin of the repositories, such as <c>docker.io</c>. Unique.</summary>
    public required string Name { get; init; }

    /// <summary>Address of the API, without <c>/v2/</c>: <c>https</c>, or <c>http</c> where that is written.</summary>
    public required Uri Url { get; init; }

    /// <summary>First part of the local names of the repositories, such as <c>hub</c> in <c>hub/library/alpine</c>: one or more segments. Unique.</summary>
    public required string Prefix { get; init; }

    /// <summary>Line of <see cref="Prefix"/> in the file, from 1; 0 if it is from no file.</summary>
    public int PrefixLine { get; init; }

    /// <summary>Values of the query parameter <c>ns</c> that mean this upstream (OCI distribution-spec, "Registry Proxying").</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>Host names of this registry at which it is this upstream alone.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>True if a name of a single segment means one under <c>library/</c>, as at Docker Hub.</summary>
    public bool HasLibrary { get; init; }

    /// <summary>User at the upstream; null for anonymous pulls.</summary>
    public string? UserName { get; init; }

    /// <summary>File with the password or token of the user, without the line break at its end; read again when it changes. Null for anonymous pulls.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Names at the upstream that are mirrored; all if there are none.</summary>
    public IReadOnlyList<RepositoryPattern> Repositories { get; init; } = [];

    /// <summary>Users who may cause a request to the upstream, by the words of the access rules; others get what is here.</summary>
    public IReadOnlyList<string> Fetch { get; init; } = [AccessRules.Everybody, AccessRules.AnonymousUser];

    /// <summary>Time for which a tag is not asked for again.</summary>
    public TimeSpan Check { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Time since its last check for which a tag is answered while the upstream is away; null for ever, zero for never.</summary>
    public TimeSpan? Stale { get; init; }

    /// <summary>True to go on answering a tag that the upstream has no more.</summary>
    public bool ServesRemoved { get; init; }

    /// <summary>Time since its last pull after which an image is removed; null for never.</summary>
    public TimeSpan? Keep { get; init; }

    /// <summary>Size at which the least recently pulled images are removed, in bytes; null for no limit.</summary>
    public long? MaxSize { get; init; }

    /// <summary>Largest number of connections to the upstream.</summary>
    public int Connections { get; init; } = 16;

    /// <summary>CA bundle for the certificate of the upstream; null for those of the system.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>File with <see cref="Authorities"/>; null without one.</summary>
    public string? AuthoritiesFile { get; init; }

    /// <summary>Hosts beside the upstream's own that may issue its tokens.</summary>
    public IReadOnlyList<string> Realms { get; init; } = [];

    /// <summary>Hosts to which the upstream may redirect although their addresses are private.</summary>
    public IReadOnlyList<string> Redirects { get; init; } = [];
}
