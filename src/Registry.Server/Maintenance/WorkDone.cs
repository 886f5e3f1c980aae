using Registry.Core.Errors;
using Registry.Images;

namespace Registry.Server.Maintenance;

/// <summary>Progress of long work.</summary>
/// <param name="Text">The work, with further counts, such as <c>Backing up 12 of 340 blobs</c>.</param>
/// <param name="Amount">Amount done.</param>
/// <param name="Total">Amount to do; null when unknown.</param>
/// <param name="Unit">Unit of the amounts, in the plural; null for bytes.</param>
internal readonly record struct WorkDone(string Text, long Amount, long? Total = null, string? Unit = null)
{
    /// <summary>Creates the description of work that moves bytes.</summary>
    /// <param name="doing">The work, such as <c>Backing up</c>.</param>
    public static Func<TransferProgress, WorkDone> OfTransfer(string doing) => done => new WorkDone(
        done.AllBlobs is { } all ? $"{doing} {done.Blobs} of {Count.Of(all, "blob")}" : $"{doing} {Count.Of(done.Blobs, "blob")}", done.Bytes, done.AllBytes);
}
