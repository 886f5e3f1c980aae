using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>Reads blobs for the verifier: in parts, and without evicting from memory what pulls need.</summary>
public sealed class BlobScrub
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

    /// <summary>Opens a file; null if it does not exist. The caller disposes it.</summary>
    /// <exception cref="StorageException">The file cannot be opened.</exception>
    public Task<ScrubbedFile?> OpenAsync(Digest digest) => _threads.RunAsync(() =>
        PlainFile.TryOpen(_layout.BlobData(digest), _layout.Blobs, out _) is { } handle
            ? new ScrubbedFile(digest, handle, _layout, _threads, _sync)
            : null);

    /// <summary>True if the file exists.</summary>
    public Task<bool> ExistsAsync(Digest digest) => _threads.RunAsync(() => PlainFile.Find(_layout.BlobData(digest), _layout.Blobs) == EntryKind.File);
}
