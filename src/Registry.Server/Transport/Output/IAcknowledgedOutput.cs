namespace Registry.Server.Transport.Output;

/// <summary>Connection that knows how much of its output has reached the peer.</summary>
internal interface IAcknowledgedOutput
{
    /// <summary>Number of sent bytes that the peer has acknowledged; null when the connection is closed.</summary>
    long? Acknowledged();
}
