namespace Registry.Core.Storage.FileSystem;

/// <summary>What every upload needs to turn received bytes into a blob.</summary>
internal sealed record UploadFiles(StorageThreads Threads, BlobPlacement Placement, StorageHealth Health, DiskReserve Reserve, long MaxLength)
{
    /// <summary>Turns a push away that could not be kept.</summary>
    /// <exception cref="StorageException">Writes have stopped, or there is too little room.</exception>
    public void ThrowIfUnavailable()
    {
        Health.ThrowIfClosed();
        Reserve.ThrowIfReached();
    }
}
