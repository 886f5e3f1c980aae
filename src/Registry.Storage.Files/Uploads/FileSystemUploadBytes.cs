using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Files;
using Registry.Storage.Files.Blobs;
using Registry.Storage.Files.Space;

namespace Registry.Storage.Files.Uploads;

/// <summary>
/// Keeps the bytes of each upload in a file, whose length is the offset of the next byte, so that a killed server loses nothing it has acknowledged.
/// </summary>
internal sealed partial class FileSystemUploadBytes(
    DataPaths paths,
    StorageThreads threads,
    BlobPlacement placement,
    Admission admission,
    RecurringFaults faults,
    ILogger<FileSystemUploadBytes> logger) : IUploadBytes
{
    // As often as the kernel is asked to write back: small beside the hashing and writing of as many bytes.
    public long PositionLag => UploadFile.WriteBackSize;

    public ValueTask EnsureOpenAsync() => admission.EnsureOpenAsync();

    public ValueTask EnsureRoomAsync() => admission.EnsureRoomAsync();

    public IReadOnlyDictionary<Guid, long> Recover(IReadOnlyCollection<Guid> sessions)
    {
        var lengths = new Dictionary<Guid, long>();
        foreach (var id in sessions)
        {
            if (FindLength(id) is { } length)
            {
                lengths[id] = length;
            }
        }

        RemoveOthers(sessions.ToHashSet());
        return lengths;
    }

    // No other process has the folder.
    public Task<long> TakeOverAsync(Guid id) => threads.RunAsync(() => FindLength(id) ?? 0);

    public IUploadContent Open(Guid id, long length) => new UploadFile(id, length, paths, threads, placement);

    public IFollowedContent OpenFollowed(Guid id) => new UploadFile(id, 0, paths, threads, placement);

    public async Task DiscardAsync(Guid id)
    {
        try
        {
            await threads.RunAsync(() => File.Delete(paths.UploadData(id)));
        }
        catch (StorageException e)
        {
            if (faults.IsNew($"Files of uploads that could not be removed, {StorageFault.CauseOf(e)?.Reason}", level: LogLevel.Warning))
            {
                LogLeftBehind(id, e.Message);
            }
        }
    }

    private long? FindLength(Guid id)
    {
        var data = paths.UploadData(id);
        switch (PlainFile.Find(data, paths.Uploads))
        {
            case EntryKind.File:
                return KeepWritten(data);
            case EntryKind.Other:
                File.Delete(data);
                return null;
            default:
                return null;
        }
    }

    // Received bytes are not synced. An upload leaves no hole, so after a power cut, what follows one was never written.
    private long KeepWritten(string data)
    {
        using var file = PlainFile.OpenToWrite(data, paths.Uploads, anew: false);
        var written = FileLength.ReadWritten(file);
        if (written < FileLength.Read(file))
        {
            FileLength.Set(file, written);
        }

        return written;
    }

    // Uploads without a session, and manifests that were being stored. Includes links to folders, which are listed as folders.
    private void RemoveOthers(HashSet<Guid> sessions)
    {
        foreach (var file in Directory.EnumerateFileSystemEntries(paths.Uploads)
            .Where(entry => PlainFile.Find(entry, paths.Uploads) != EntryKind.Folder))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            if (Guid.TryParseExact(name, "D", out var id) && !(sessions.Contains(id) && file == paths.UploadData(id)))
            {
                File.Delete(file);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The file of the upload {Id} could not be removed: {Reason}. The next start removes it. Further files are counted once a minute")]
    private partial void LogLeftBehind(Guid id, string reason);
}
