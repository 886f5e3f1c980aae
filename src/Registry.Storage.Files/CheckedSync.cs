using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files;

/// <summary>
/// Runs syncs on the caller's thread. A failed sync stops all writes, unless the disk is only full.
/// </summary>
public sealed class CheckedSync(StorageHealth health, StorageMetrics? metrics = null)
{
    /// <summary>Makes a file's data and size durable.</summary>
    /// <exception cref="SyncException">The sync failed.</exception>
    public void Data(SafeFileHandle handle, string path) => Check(() => DurableFile.SyncData(handle, path), isFolder: false);

    /// <summary>Makes all changes of the caller to the names in a directory durable.</summary>
    /// <exception cref="SyncException">The sync failed.</exception>
    public void Directory(string path) => Check(() => DurableFile.SyncDirectory(path), isFolder: true);

    private void Check(Action sync, bool isFolder)
    {
        var startedAt = Stopwatch.GetTimestamp();
        try
        {
            sync();
            metrics?.Synced(startedAt, isFolder);
        }
        catch (SyncException e) when (!StorageException.IsFullCode(e.HResult))
        {
            health.Fail(e.Message);
            throw;
        }
    }
}
