using Registry.Core.Objects;
using Registry.Storage.S3.Blobs;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Uploads;

/// <summary>Everything that all uploads of a process share.</summary>
/// <param name="Client">The bucket.</param>
/// <param name="Ledger">The rows of the objects.</param>
/// <param name="Deletions">Deletes what uploads leave behind.</param>
/// <param name="Memory">Memory for bytes that wait.</param>
/// <param name="PartSize">Size of a part in bytes.</param>
/// <param name="Time">The clock.</param>
internal sealed record UploadSite(S3Client Client, IObjectLedger Ledger, ObjectDeletions Deletions, UploadMemory Memory, int PartSize, TimeProvider Time)
{
    /// <summary>This process.</summary>
    public Guid Process { get; } = Guid.NewGuid();

    /// <summary>A key that was never used.</summary>
    public string NewKey() => ObjectKeys.New(Time.GetUtcNow());
}
