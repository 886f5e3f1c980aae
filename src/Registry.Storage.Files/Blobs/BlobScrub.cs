using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>Reads the files of blobs for the verifier.</summary>
public sealed class BlobScrub : IBlobScrubber
{
    private readonly FileSystemLayout _layout;
    private readonly StorageThreads _threads;
    private readonly CheckedSync _sync;

    internal BlobScrub(FileSystemLayout layout, StorageThreads threads, CheckedSync sync)
    {
        _layout = layout;
        _threads = threads;
        _sync = sync;
    }

    /// <inheritdoc/>
    public Task<IScrubbedBlob?> OpenAsync(Digest digest) => _threads.RunAsync<IScrubbedBlob?>(() =>
        PlainFile.TryOpen(_layout.BlobData(digest), _layout.Blobs, out _) is { } handle
            ? new ScrubbedFile(digest, handle, _layout, _threads, _sync)
            : null);

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(Digest digest) => _threads.RunAsync(() => PlainFile.Find(_layout.BlobData(digest), _layout.Blobs) == EntryKind.File);
}
