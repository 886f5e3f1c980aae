using Registry.Core.Errors;
using Registry.Images;
using Registry.Server.Maintenance;

namespace Registry.Server.Commands.Progress;

/// <summary>Progress of work that moves bytes.</summary>
internal static class TransferWork
{
    /// <summary>Creates the description for one kind of work, such as <c>Backing up</c>.</summary>
    public static Func<TransferProgress, WorkDone> Describe(string doing) => done => new WorkDone(
        done.AllBlobs is { } all ? $"{doing} {done.Blobs} of {Count.Of(all, "blob")}" : $"{doing} {Count.Of(done.Blobs, "blob")}", done.Bytes, done.AllBytes);
}
