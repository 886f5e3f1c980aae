using System.Text.Json;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage;
using Registry.Storage.Files;

namespace Registry.Images.Backup;

/// <summary>Paths of a backup. Blobs are laid out as in a data folder.</summary>
/// <remarks>
/// <code>
/// backup/
/// ├── blobs/sha256/ab/abcdef…/data    layers, configs and manifests of all generations
/// ├── generations/
/// │   ├── 2026-11-27T093000Z/         one state; the name is the time
/// │   │   ├── metadata.db             the metadata of that time
/// │   │   └── files/…                 the key of the token service, and files of users, keys and rules
/// │   └── 2026-11-28T093000Z.new/     one that is under way
/// ├── uploads/                        blobs on their way into blobs/
/// ├── backup.json                     says what this is
/// └── backup.lock                     held by the process that makes or reads a backup
/// </code>
/// A backup of format 1 has one state, with <c>metadata.db</c> and <c>files/</c> beside <c>blobs/</c>. It counts as a generation until it is
/// pruned; the first backup into it makes it one of format 2.
/// </remarks>
internal sealed class BackupFolder(string root)
{
    private const int Format = 2;
    private const int FormatOfOneState = 1;
    private const int MaxDescriptionSize = 64 * 1024;
    private const string UnfinishedSuffix = ".new";

    /// <summary>Paths of the blobs.</summary>
    public DataPaths Blobs { get; } = new(root);

    public string Root => Blobs.Root;

    private string Generations => Path.Combine(Root, "generations");

    private string LockFile => Path.Combine(Root, "backup.lock");

    // The one of format 1, whose name is the time of its metadata.
    private BackupGeneration Single => new(string.Empty, Root);

    /// <summary>Lists the finished generations, the oldest first.</summary>
    public IReadOnlyList<BackupGeneration> List()
    {
        var generations = PlainFile.Find(Generations, Root) == EntryKind.Folder
            ? PlainFile.Folders(Generations).Select(folder => new BackupGeneration(Path.GetFileName(folder), folder))
                .Where(generation => BackupGeneration.TimeOf(generation.Name) is not null && HasMetadata(generation))
            : [];
        if (HasMetadata(Single))
        {
            generations = generations.Append(Single with { Name = BackupGeneration.NameOf(File.GetLastWriteTimeUtc(Single.Metadata)) });
        }

        return [.. generations.OrderBy(generation => generation.Name, StringComparer.Ordinal)];
    }

    /// <summary>Finds a generation by its name, or the last one if the name is null.</summary>
    /// <exception cref="StorageException">There is no such generation.</exception>
    public BackupGeneration Find(string? name)
    {
        var all = List();
        return all.Count == 0 ? throw new StorageException("holds a backup that was never finished (it has no generation); run 'registry backup' again")
            : name is null ? all[^1]
            : all.FirstOrDefault(generation => generation.Name == name)
                ?? throw new StorageException($"has no generation '{name}'; the last one is {all[^1].Name}, and 'registry backup FOLDER --list' lists all");
    }

    /// <summary>Begins a generation, which gets its name when it is finished. It is later than all others, even if the clock was set back.</summary>
    public BackupGeneration Begin(DateTimeOffset now)
    {
        if (List() is [.., var last] && BackupGeneration.TimeOf(last.Name) is { } latest && latest >= now.AddSeconds(-1))
        {
            now = latest.AddSeconds(1);
        }

        var name = BackupGeneration.NameOf(now);
        var generation = new BackupGeneration(name, Path.Combine(Generations, name + UnfinishedSuffix));
        FileOwner.CreateFolder(generation.Root);
        FileOwner.CreateFolder(generation.Files);
        return generation;
    }

    /// <summary>Gives a generation its name, once everything it refers to is durable.</summary>
    public BackupGeneration Finish(BackupGeneration generation)
    {
        using (var metadata = File.OpenHandle(generation.Metadata, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
        {
            DurableFile.SyncData(metadata, generation.Metadata);
        }

        DurableFile.SyncDirectory(generation.Files);
        DurableFile.SyncDirectory(generation.Root);
        var finished = generation with { Root = Path.Combine(Generations, generation.Name) };
        DurableFile.Rename(generation.Root, finished.Root);
        DurableFile.SyncDirectory(Generations);
        return finished;
    }

    /// <summary>Removes the oldest generations. Blobs that only they need stay until unneeded blobs are removed.</summary>
    /// <param name="keep">Number of generations to keep.</param>
    /// <returns>The names of the removed ones.</returns>
    public IReadOnlyList<string> Prune(int keep)
    {
        var pruned = List().SkipLast(keep).ToList();
        pruned.ForEach(Remove);
        return pruned.ConvertAll(generation => generation.Name);
    }

    /// <summary>Locks the folder for a backup, and creates it if needed. Removes unfinished files of an interrupted backup.</summary>
    /// <returns>The lock.</returns>
    /// <exception cref="StorageException">The folder holds something else, or is in use.</exception>
    public IDisposable Take()
    {
        FileOwner.CreateFolder(Root);
        var isNew = !File.Exists(Blobs.BackupDescription);
        if (isNew && Directory.EnumerateFileSystemEntries(Root).Select(Path.GetFileName).FirstOrDefault(name => name != "lost+found") is { } name)
        {
            throw new StorageException($"is not empty and does not hold a backup (it holds '{name}'); choose an empty or new folder");
        }

        var format = isNew ? 0 : ReadFormat();
        var held = Lock(FileShare.None);
        try
        {
            if (format != Format)
            {
                Describe();
            }

            FileOwner.CreateFolder(Blobs.Blobs);
            FileOwner.CreateFolder(Generations);
            FileOwner.CreateFolder(Blobs.Uploads);
            foreach (var file in Directory.EnumerateFiles(Blobs.Uploads))
            {
                File.Delete(file);
            }

            // Also for a backup with one state (format 1), and for one that was being pruned: its files have keys.
            DatabaseFiles.Delete(Path.Combine(Root, "metadata.db" + UnfinishedSuffix));
            if (!HasMetadata(Single))
            {
                PlainFile.DeleteFolder(Single.Files, Root);
            }

            foreach (var unfinished in Directory.EnumerateDirectories(Generations, "*" + UnfinishedSuffix))
            {
                PlainFile.DeleteFolder(unfinished, Generations);
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

    /// <summary>Locks the folder of a backup for reading, so that no backup is made there meanwhile. Several processes may read at once.</summary>
    /// <returns>The lock.</returns>
    /// <exception cref="StorageException">The folder does not hold a backup.</exception>
    public IDisposable TakeToRead()
    {
        if (!File.Exists(Blobs.BackupDescription))
        {
            throw new StorageException(Directory.Exists(Root) ? "does not hold a backup (there is no backup.json)" : "does not exist; check the path");
        }

        ReadFormat();
        return Lock(FileShare.Read);
    }

    private void Remove(BackupGeneration generation)
    {
        if (generation.Root == Root)
        {
            DatabaseFiles.Delete(generation.Metadata);
            PlainFile.DeleteFolder(generation.Files, Root);
            return;
        }

        // A half-removed generation must not look like a complete one.
        DurableFile.Rename(generation.Root, generation.Root + UnfinishedSuffix);
        DurableFile.SyncDirectory(Generations);
        PlainFile.DeleteFolder(generation.Root + UnfinishedSuffix, Generations);
    }

    private bool HasMetadata(BackupGeneration generation) => PlainFile.Find(generation.Metadata, Root) == EntryKind.File;

    private FileStream Lock(FileShare share)
    {
        try
        {
            FileOwner.CreateFile(LockFile);
            if (PlainFile.Find(LockFile, Root) != EntryKind.File)
            {
                throw PlainFile.NotPlain(LockFile, "file");
            }

            return new FileStream(LockFile, FileMode.Open, FileAccess.Read, share);
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

    private int ReadFormat()
    {
        try
        {
            using var description = JsonDocument.Parse(
                PlainFile.TryRead(Blobs.BackupDescription, Root, MaxDescriptionSize) ?? throw PlainFile.NotPlain(Blobs.BackupDescription, "file"));
            var format = description.RootElement.GetProperty("format").GetInt32();
            return format is Format or FormatOfOneState
                ? format
                : throw new StorageException($"holds a backup of format {format}, and this version reads up to {Format}; use the version that made it, or a later one");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new StorageException("holds a backup.json that cannot be understood", e);
        }
    }
}
