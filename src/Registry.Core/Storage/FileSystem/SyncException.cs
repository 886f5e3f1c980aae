namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// An fsync has failed: what was written may be lost although it reads well. Unlike any other error it cannot be tried again.
/// </summary>
internal sealed class SyncException(string message, int errno) : IOException(message, errno);
