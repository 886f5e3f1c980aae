using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>Reads the files of blobs for the verifier.</summary>
internal sealed class BlobScrub : IBlobScrubber
{
    private readonly DataPaths _paths;
    private readonly StorageThreads _threads;
    private readonly CheckedSync _sync;

    public BlobScrub(DataPaths paths, StorageThreads threads, CheckedSync sync)
    {
        _paths = paths;
        _threads = threads;
        _sync = sync;
    }

    /// <inheritdoc/>
    public Task<IScrubbedBlob?> OpenAsync(BlobPlace place) => _threads.RunAsync<IScrubbedBlob?>(() =>
        PlainFile.TryOpen(_paths.BlobData(place.Known), _paths.Blobs, out _) is { } handle
            ? new ScrubbedFile(place.Known, handle, _paths, _threads, _sync)
            : null);

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(BlobPlace place) => _threads.RunAsync(() => PlainFile.Find(_paths.BlobData(place.Known), _paths.Blobs) == EntryKind.File);
}
