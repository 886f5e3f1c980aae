using System.Net;
using Registry.Core.Changes;
using Registry.Core.Events;
using Registry.Outgoing;

namespace Registry.Events.Delivery;

/// <summary>What the endpoints of a process share.</summary>
internal sealed record EventSources
{
    /// <summary>The changes.</summary>
    public required IChangeFeed Feed { get; init; }

    /// <summary>The same, for several readers.</summary>
    public required RecentChanges Changes { get; init; }

    /// <summary>How far events were sent.</summary>
    public required IEventDeliveries Deliveries { get; init; }

    /// <summary>Address of the registry; null if it is not known.</summary>
    public required string? ExternalUrl { get; init; }

    /// <summary>Version of the registry.</summary>
    public required string Version { get; init; }

    /// <summary>True while the registry must not be changed.</summary>
    public required Func<bool> IsReadOnly { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The times.</summary>
    public EndpointLimits Limits { get; init; } = new();

    /// <summary>Proxy; null for none.</summary>
    public IWebProxy? Proxy { get; init; }

    /// <summary>The network.</summary>
    public OutgoingNetwork Network { get; init; } = OutgoingNetwork.OfMachine;

    /// <summary>This process.</summary>
    public Guid Holder { get; init; } = Guid.NewGuid();
}
