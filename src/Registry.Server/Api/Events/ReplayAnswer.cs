namespace Registry.Server.Api.Events;

/// <summary>What is sent to an endpoint again.</summary>
internal sealed record ReplayAnswer
{
    public required string Endpoint { get; init; }

    /// <summary>Events of the changes after this position are sent again.</summary>
    public required long Position { get; init; }
}
