namespace Registry.Core.Operations;

/// <summary>The place of a chunk in its upload, as the client sees it: positions of its first and last byte.</summary>
public readonly record struct ChunkRange(long First, long Last)
{
    /// <summary>How many bytes it spans.</summary>
    public long Length => Last - First + 1;
}
