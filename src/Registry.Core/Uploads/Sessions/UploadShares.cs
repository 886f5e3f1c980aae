namespace Registry.Core.Uploads.Sessions;

/// <summary>
/// Shares of the uploads in progress. A holder may have a third as many as are still free, which is a quarter of all for a single holder and less
/// the more others have, but <see cref="Least"/> in any case. All holders of one network together may have as many as are still free, so that many users of one
/// network do not take what others need. The last sixteenth is for holders and networks with fewer than <see cref="Least"/>, so that many of both leave some to
/// a new one.
/// </summary>
/// <remarks>
/// The share shrinks with the room that is left, so that twenty holders who take all they can still leave room for the next. Switches divide
/// their memory between ports in the same way (Choudhury and Hahne, "Dynamic queue length thresholds", 1998).
/// </remarks>
/// <param name="max">Largest number of uploads in progress.</param>
public sealed class UploadShares(int max)
{
    /// <summary>Number of uploads that a holder may have as long as any is free: a client pushes up to five layers at a time.</summary>
    public const int Least = 16;

    private const int PartOfFree = 3;

    // Of all uploads. Forty networks would have to take their part of it to leave none.
    private const int PartInReserve = 16;

    /// <summary>True if there may be one more upload of the holder, from the network, that was counted.</summary>
    public bool Admits(UploadCounts counts) => !IsFull(counts) && !IsUsedByHolder(counts) && !IsUsedByNetwork(counts);

    /// <summary>True if no upload is free.</summary>
    public bool IsFull(UploadCounts counts) => counts.All >= max;

    /// <summary>True if the holder has its share.</summary>
    public bool IsUsedByHolder(UploadCounts counts) => counts.OfHolder >= Share(counts, PartOfFree);

    /// <summary>True if all holders of the network together have its share.</summary>
    public bool IsUsedByNetwork(UploadCounts counts) => counts.OfNetwork >= Share(counts, 1);

    private long Share(UploadCounts counts, int partOfFree)
    {
        var free = max - counts.All;
        return free <= max / PartInReserve ? Least : Math.Max(Least, free / partOfFree);
    }
}
