namespace Registry.Core.Uploads;

/// <summary>Position and length of a chunk in its upload, as the request gives them. A member is null if the request does not give it.</summary>
/// <param name="Position">Position in the Location that the request follows; <see cref="Stale"/> if it cannot be read.</param>
/// <param name="Range">Content-Range.</param>
/// <param name="Length">Content-Length, in bytes.</param>
public readonly record struct ChunkPlace(long? Position = null, ChunkRange? Range = null, long? Length = null)
{
    /// <summary>A position that no upload has.</summary>
    public const long Stale = -1;
}
