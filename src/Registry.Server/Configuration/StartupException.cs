namespace Registry.Server.Configuration;

/// <summary>Failure to start. The message is one line for the operator.</summary>
public sealed class StartupException(string message, Exception inner) : Exception(message, inner);
