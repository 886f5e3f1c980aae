namespace Registry.Server.Pipeline;

/// <summary>A body came too slowly, or stopped.</summary>
internal sealed class BodyTimeoutException(string message) : Exception(message);
