namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Thrown when an fsync has failed: the written data may be lost although it reads well. Unlike any other error, it cannot be retried.
/// </summary>
internal sealed class SyncException(string message, int errno) : IOException(message, errno);
