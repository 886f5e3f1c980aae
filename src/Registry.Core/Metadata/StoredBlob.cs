using Registry.Core.Storage;

namespace Registry.Core.Metadata;

/// <summary>Record of a blob that a repository may see.</summary>
/// <param name="Size">Size in bytes.</param>
/// <param name="Place">Place of its bytes.</param>
/// <param name="IdleSince">
/// Time since when no manifest of the repository has needed it, in seconds of <see cref="IGraceClock"/>; null while one does.
/// </param>
public sealed record StoredBlob(long Size, BlobPlace Place, long? IdleSince = null);
