namespace Registry.Server.Hosting;

/// <summary>The registry cannot start; the message is one line for the operator.</summary>
public sealed class StartupException(string message, Exception inner) : Exception(message, inner);
