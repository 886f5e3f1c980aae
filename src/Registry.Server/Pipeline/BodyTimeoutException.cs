namespace Registry.Server.Pipeline;

/// <summary>Thrown when a request body arrives too slowly, or stops arriving.</summary>
internal sealed class BodyTimeoutException(string message) : Exception(message);
