namespace Registry.Server.Api.Events;

/// <summary>The last events of an endpoint that have ended.</summary>
internal sealed record DeliveryListAnswer
{
    /// <summary>The newest first.</summary>
    public required IReadOnlyList<DeliveryAnswer> Deliveries { get; init; }
}
