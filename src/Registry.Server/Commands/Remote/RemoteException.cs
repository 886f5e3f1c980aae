namespace Registry.Server.Commands.Remote;

/// <summary>Thrown when a registry cannot be asked, or refuses. The message is a clause for the operator: what happened, where, and what to do.</summary>
internal sealed class RemoteException(string message) : Exception(message);
