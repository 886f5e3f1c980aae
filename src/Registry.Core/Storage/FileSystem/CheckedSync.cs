using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Syncs that block the thread of the caller, and whose failure stops all writes, unless it is only that the disk is full.
/// </summary>
internal sealed class CheckedSync(StorageHealth health)
{
    /// <summary>Makes a file's data durable, and its size.</summary>
    /// <exception cref="SyncException">It is not.</exception>
    public void Data(SafeFileHandle handle, string path) => Check(() => DurableFile.SyncData(handle, path), isFolder: false);

    /// <summary>Makes durable every change that the caller has made to the names in a directory.</summary>
    /// <exception cref="SyncException">They are not.</exception>
    public void Directory(string path) => Check(() => DurableFile.SyncDirectory(path), isFolder: true);

    private void Check(Action sync, bool isFolder)
    {
        var startedAt = Stopwatch.GetTimestamp();
        try
        {
            sync();
            StorageMetrics.Synced(startedAt, isFolder);
        }
        catch (SyncException e) when (!StorageException.IsFullCode(e.HResult))
        {
            health.Fail(e.Message);
            throw;
        }
    }
}
