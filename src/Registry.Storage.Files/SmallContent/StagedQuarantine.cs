using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Files;
using Registry.Storage.Files.Blobs;

namespace Registry.Storage.Files.SmallContent;

/// <summary>Quarantine of damaged rows, as files in the data folder.</summary>
public sealed class StagedQuarantine : IStagedQuarantine
{
    private readonly DataPaths _paths;
    private readonly StorageThreads _threads;
    private readonly CheckedSync _sync;
    private readonly IStagedContent _staged;
    private readonly IVerifierMetadata _metadata;

    public StagedQuarantine(DataPaths paths, StorageThreads threads, CheckedSync sync, IStagedContent staged, IVerifierMetadata metadata)
    {
        _paths = paths;
        _threads = threads;
        _sync = sync;
        _staged = staged;
        _metadata = metadata;
    }

    /// <inheritdoc/>
    public async Task<string?> TakeAsync(StagedContent damaged)
    {
        ArgumentNullException.ThrowIfNull(damaged);
        if (await _threads.RunAsync(() => HasIntactFile(damaged.Digest)))
        {
            await _staged.RemoveAsync([damaged.Id]);
            return null;
        }

        var place = await _threads.RunAsync(() => Write(damaged));
        await _metadata.MarkLostAsync(damaged.Digest);
        return place;
    }

    private bool HasIntactFile(Digest digest)
    {
        using var file = PlainFile.TryOpen(_paths.BlobData(digest), _paths.Blobs, out var length);
        return file is not null && length <= Staging.MaxSize && digest.Algorithm.Compute(PlainFile.Read(file, (int)length)) == digest;
    }

    private string Write(StagedContent damaged)
    {
        var folder = QuarantineFolder.Ensure(_paths, damaged.Digest.Algorithm, _sync);
        var place = _paths.Quarantined(damaged.Digest);
        using var file = PlainFile.OpenToWrite(place, _paths.Root, anew: true);
        RandomAccess.Write(file, damaged.Bytes, 0);
        _sync.Data(file, place);
        _sync.Directory(folder);
        return place;
    }
}
