using System.Net;
using System.Security.Cryptography.X509Certificates;
using Registry.Core.Access.Rules;
using Registry.Core.Changes;
using Registry.Core.Policies.Rules;

namespace Registry.Events.Configuration;

/// <summary>An endpoint of the configuration.</summary>
public sealed record EndpointSettings
{
    /// <summary>Name in messages, metrics and the list of deliveries. Its position in the changes belongs to it. Unique.</summary>
    public required string Name { get; init; }

    /// <summary>Address to which events are posted: <c>https</c>, or <c>http</c> where that is written.</summary>
    public required Uri Url { get; init; }

    /// <summary>Form of the bodies.</summary>
    public EventFormat Format { get; init; }

    /// <summary>Secret by which the events are signed; null if they are not, or it is in a file.</summary>
    public WebhookSecret? Secret { get; init; }

    /// <summary>File with the secret, or with several, each in a line; read again for each event. Null without one.</summary>
    public string? SecretFile { get; init; }

    /// <summary>Headers that are sent besides.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Repositories of which events are sent; all if there are none.</summary>
    public IReadOnlyList<RepositoryPattern> Repositories { get; init; } = [];

    /// <summary>Tags of which events are sent; all events, also those without a tag, if there are none.</summary>
    public IReadOnlyList<TagPattern> Tags { get; init; } = [];

    /// <summary>Kinds of the changes of which events are sent; all if there are none.</summary>
    public IReadOnlyList<ChangeKind> Kinds { get; init; } = [];

    /// <summary>Networks to which the host of the address may lead, besides the internet.</summary>
    public IReadOnlyList<IPNetwork> Addresses { get; init; } = [];

    /// <summary>Certificates that sign that of the endpoint; null for those of the machine.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>True if the endpoint wants a change. A rename counts by both names.</summary>
    public bool Wants(RegistryChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return (Kinds.Count == 0 || Kinds.Contains(change.Kind))
            && (Tags.Count == 0 || (change.Tag is { } tag && Tags.Any(pattern => pattern.Matches(tag))))
            && (Repositories.Count == 0 || Repositories.Any(pattern => pattern.Matches(change.Repository) || (change.NewName is { } name && pattern.Matches(name))));
    }
}
