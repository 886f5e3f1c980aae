using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>Blobs as the verifier reads them: piece by piece, without pushing what pulls need out of memory.</summary>
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

    /// <summary>Opens a file; null when it is not there. The caller disposes it.</summary>
    /// <exception cref="StorageException">It cannot be opened.</exception>
    public Task<ScrubbedFile?> OpenAsync(Digest digest) => _threads.RunAsync(() =>
        PlainFile.TryOpen(_layout.BlobData(digest), _layout.Blobs, out _) is { } handle
            ? new ScrubbedFile(digest, handle, _layout, _threads, _sync)
            : null);

    /// <summary>Whether the file is there.</summary>
    public Task<bool> ExistsAsync(Digest digest) => _threads.RunAsync(() => PlainFile.Find(_layout.BlobData(digest), _layout.Blobs) == EntryKind.File);
}
