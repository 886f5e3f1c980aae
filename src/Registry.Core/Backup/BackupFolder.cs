using System.Text.Json;
using Registry.Core.Storage;
using Registry.Core.Storage.FileSystem;

namespace Registry.Core.Backup;

/// <summary>Every path of a backup. Blobs are laid out as in a data folder.</summary>
/// <remarks>
/// <code>
/// backup/
/// ├── blobs/sha256/ab/abcdef…/data    layers, configs and manifests
/// ├── metadata.db                     the metadata that the last finished backup has taken
/// ├── metadata.db.new                 those of a backup that is under way
/// ├── files/…                         the key of the token service, and files of users, keys and rules
/// ├── uploads/                        blobs on their way into blobs/
/// ├── backup.json                     says what this is
/// └── backup.lock                     held by the process that makes the backup
/// </code>
/// </remarks>
internal sealed class BackupFolder(string root)
{
    private const int Format = 1;

    /// <summary>Where the blobs are.</summary>
    public FileSystemLayout Blobs { get; } = new(root);

    public string Root => Blobs.Root;

    public string Metadata => Path.Combine(Root, "metadata.db");

    public string NewMetadata => Path.Combine(Root, "metadata.db.new");

    public string Files => Path.Combine(Root, "files");

    private string LockFile => Path.Combine(Root, "backup.lock");

    /// <summary>Takes the folder for a backup, creating it when there is none. What an interrupted one has left half-written goes.</summary>
    /// <returns>What gives it back.</returns>
    /// <exception cref="StorageException">It is somebody else's, or in use.</exception>
    public IDisposable Take()
    {
        Directory.CreateDirectory(Root);
        var isNew = !File.Exists(Blobs.BackupDescription);
        if (isNew && Directory.EnumerateFileSystemEntries(Root).Select(Path.GetFileName).FirstOrDefault(name => name != "lost+found") is { } name)
        {
            throw new StorageException($"is not empty and does not hold a backup (it holds '{name}'); choose an empty or new folder");
        }

        if (isNew)
        {
            Describe();
        }
        else
        {
            CheckFormat();
        }

        var held = Lock();
        try
        {
            Directory.CreateDirectory(Blobs.Blobs);
            Directory.CreateDirectory(Files);
            Directory.CreateDirectory(Blobs.Uploads);
            foreach (var file in Directory.EnumerateFiles(Blobs.Uploads))
            {
                File.Delete(file);
            }

            DurableFile.SyncDirectory(Root);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Takes a folder that holds a finished backup, so that no other is made there meanwhile.</summary>
    /// <returns>What gives it back.</returns>
    /// <exception cref="StorageException">It does not hold one.</exception>
    public IDisposable TakeFinished()
    {
        if (!File.Exists(Blobs.BackupDescription))
        {
            throw new StorageException("does not hold a backup (there is no backup.json)");
        }

        CheckFormat();
        return File.Exists(Metadata) ? Lock() : throw new StorageException("holds a backup that was never finished (there is no metadata.db)");
    }

    private FileStream Lock()
    {
        try
        {
            return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.Read, FileShare.None);
        }
        catch (IOException e) when (DataFolder.IsLocked(e))
        {
            throw new StorageException("is in use by another backup or restore", e);
        }
    }

    private void Describe()
    {
        using var description = FileReplacement.BeginAnew(Blobs.BackupDescription);
        description.Finish(System.Text.Encoding.ASCII.GetBytes($"{{\"format\":{Format}}}\n"));
    }

    private void CheckFormat()
    {
        try
        {
            using var description = JsonDocument.Parse(File.ReadAllBytes(Blobs.BackupDescription));
            if (description.RootElement.GetProperty("format").GetInt32() != Format)
            {
                throw new StorageException("holds a backup of another version of the registry; use that version");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new StorageException("holds a backup.json that is not one of a backup", e);
        }
    }
}
