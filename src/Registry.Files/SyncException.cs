namespace Registry.Files;

/// <summary>
/// Thrown when an fsync has failed: the written data may be lost although it reads well. Unlike any other error, it cannot be retried.
/// </summary>
public sealed class SyncException(string message, int errno) : IOException(message, errno);
