namespace Registry.Core.Operations;

/// <summary>Where a request says that its bytes belong in an upload, and how many they are. A member is null where the request does not say.</summary>
/// <param name="Position">The position in the Location that the request follows; <see cref="Stale"/> when it cannot be read.</param>
/// <param name="Range">Content-Range.</param>
/// <param name="Length">Content-Length, in bytes.</param>
public readonly record struct ChunkPlace(long? Position = null, ChunkRange? Range = null, long? Length = null)
{
    /// <summary>A position that no upload is at.</summary>
    public const long Stale = -1;
}
