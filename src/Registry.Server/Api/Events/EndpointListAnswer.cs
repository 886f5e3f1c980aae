namespace Registry.Server.Api.Events;

/// <summary>The endpoints to which events are sent.</summary>
internal sealed record EndpointListAnswer
{
    /// <summary>In the order of the configuration; empty without one.</summary>
    public required IReadOnlyList<EndpointAnswer> Endpoints { get; init; }
}
