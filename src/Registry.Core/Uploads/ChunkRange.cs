namespace Registry.Core.Uploads;

/// <summary>Position of a chunk in its upload, as the client gives it: its first and last byte.</summary>
public readonly record struct ChunkRange(long First, long Last)
{
    /// <summary>Number of bytes in the range.</summary>
    public long Length => Last - First + 1;
}
