using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files;

/// <summary>
/// A data folder that only this process uses. Opening it checks everything that would otherwise fail during a push: that it is the folder of a
/// registry, that it can be written, and that uploads can be renamed into blobs.
/// </summary>
public sealed class DataFolder : IDisposable
{
    private static readonly string[] OwnNames = ["blobs", "repositories", "uploads", "registry.db", "registry.lock", "removal.lock"];
    private static readonly string[] NeutralNames = ["lost+found"];

    private readonly FileStream _lock;
    private readonly bool _holdsBlobs;

    private DataFolder(DataPaths paths, FileStream @lock, bool holdsBlobs)
    {
        Paths = paths;
        _lock = @lock;
        _holdsBlobs = holdsBlobs;
    }

    public DataPaths Paths { get; }

    /// <summary>True if there are files of blobs or repositories.</summary>
    public bool HasBlobs => new[] { Paths.Blobs, Paths.Repositories }.Any(folder => Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any());

    /// <summary>Opens a folder, and creates it if it does not exist.</summary>
    /// <exception cref="StorageException">The folder cannot be used; the message gives the reason in one line.</exception>
    public static DataFolder Open(string path) => Take(path, RefuseForeign, paths =>
    {
        RemovalLock.Create(paths);
        TryRename(paths);
        DurableFile.SyncDirectory(paths.Root);
    });

    /// <summary>Opens a folder for everything but blobs, which are elsewhere, and creates it if it does not exist.</summary>
    /// <inheritdoc cref="Open"/>
    public static DataFolder OpenWithoutBlobs(string path) => Take(
        path,
        RefuseForeign,
        paths =>
        {
            RemovalLock.Create(paths);

            // Archives that a killed import has spooled.
            foreach (var left in Directory.EnumerateFiles(paths.Uploads, "*.tmp"))
            {
                File.Delete(left);
            }

            TryCreate(paths);
            DurableFile.SyncDirectory(paths.Root);
        },
        holdsBlobs: false);

    /// <summary>Opens the folder of an existing registry. Creates nothing if there is none.</summary>
    /// <exception cref="StorageException">The folder cannot be used or holds no registry; the message gives the reason in one line.</exception>
    public static DataFolder OpenExisting(string path)
    {
        RequireRegistry(path);
        return Open(path);
    }

    /// <summary>Checks that a folder holds a registry, so that a mistyped path creates none.</summary>
    /// <exception cref="StorageException">The folder holds no registry, or cannot be read.</exception>
    public static void RequireRegistry(string path)
    {
        var paths = new DataPaths(path);
        try
        {
            if (File.Exists(paths.Root))
            {
                throw new StorageException("is a file; choose a folder");
            }

            if (!Directory.Exists(paths.Root))
            {
                throw new StorageException("does not exist; check the path");
            }

            RefuseOther(paths);
            var names = Names(paths);
            if (!names.Exists(OwnNames.Contains))
            {
                throw new StorageException(names.Count == 0
                    ? "is empty, so it holds no registry; check the path, and that its disk is mounted"
                    : $"does not hold a registry (it holds '{names[0]}'); check the path");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"cannot be read: {IoFault.Reason(e, path)}", e);
        }
    }

    /// <summary>Tests that files can be created, and renamed into blobs.</summary>
    /// <exception cref="StorageException">They cannot; <see cref="StorageException.IsFull"/> is true if no space is left.</exception>
    public void TryWrite()
    {
        try
        {
            if (_holdsBlobs)
            {
                TryRename(Paths);
            }
            else
            {
                TryCreate(Paths);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{Paths.Root} cannot be written: {IoFault.Reason(e, Paths.Root)}", e);
        }
    }

    /// <summary>
    /// Opens an empty folder, or one with an unfinished restore, to restore a backup into it. It is marked as unfinished, and no registry uses it,
    /// until <see cref="FinishRestore"/>.
    /// </summary>
    /// <exception cref="StorageException">The folder cannot be used; the message gives the reason in one line.</exception>
    public static DataFolder OpenToRestore(string path) => Take(path, MarkUnfinished, _ => { });

    /// <summary>Records that the restore is finished: the folder is that of a registry.</summary>
    /// <exception cref="IOException">The restored files could not be made durable.</exception>
    public void FinishRestore()
    {
        // Everything restored is durable before the mark is removed.
        DurableFile.SyncFileSystem(Paths.Root);
        File.Delete(Paths.UnfinishedRestore);
        DurableFile.SyncDirectory(Paths.Root);
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>True if another process has locked a file: EWOULDBLOCK of flock(2), or ERROR_SHARING_VIOLATION.</summary>
    public static bool IsLocked(IOException e) =>
        e.HResult == (OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsLinux() ? 11 : 35);

    // Creates a folder, inspects it, locks it, and prepares it. Releases it on any failure.
    private static DataFolder Take(string path, Action<DataPaths> inspect, Action<DataPaths> prepare, bool holdsBlobs = true)
    {
        var paths = new DataPaths(path);
        FileStream? held = null;
        try
        {
            if (File.Exists(paths.Root))
            {
                throw new StorageException("is a file; choose a folder");
            }

            if (!Directory.Exists(paths.Root))
            {
                RefuseForeignOwner(paths);
                FileOwner.CreateFolder(paths.Root);
            }

            inspect(paths);
            RefuseForeignOwner(paths);
            held = Lock(paths);
            if (holdsBlobs)
            {
                FileOwner.CreateFolder(paths.Blobs);
                FileOwner.CreateFolder(paths.Repositories);
            }

            FileOwner.CreateFolder(paths.Uploads);
            prepare(paths);
            return new DataFolder(paths, held, holdsBlobs);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw new StorageException(Reason(paths, e), e);
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    // Before anything is opened: SQLite would only report that the database is read-only.
    private static void RefuseForeignOwner(DataPaths paths)
    {
        if (OperatingSystem.IsLinux() && FolderOwnership.Fault(paths.Root) is { } fault)
        {
            throw new StorageException(fault);
        }
    }

    private static string Reason(DataPaths paths, Exception e)
    {
        const int ReadOnlyFileSystem = 30;
        if (e.HResult == ReadOnlyFileSystem)
        {
            return "is on a read-only file system. Mount it for writing; in a container, mount a volume there";
        }

        return (OperatingSystem.IsLinux() && e is UnauthorizedAccessException ? FolderOwnership.Fault(paths.Root) : null) ?? $"cannot be used: {IoFault.Reason(e, paths.Root)}";
    }

    private static void MarkUnfinished(DataPaths paths)
    {
        if (!File.Exists(paths.UnfinishedRestore) && Names(paths).FirstOrDefault() is { } name)
        {
            throw new StorageException($"is not empty (it holds '{name}'); a backup is restored into an empty or new folder");
        }

        // The mark comes before all other files, so that a killed restore leaves nothing that looks like a registry.
        FileOwner.CreateFile(paths.UnfinishedRestore);
        DurableFile.SyncDirectory(paths.Root);
    }

    private static List<string> Names(DataPaths paths) =>
        [.. Directory.EnumerateFileSystemEntries(paths.Root).Select(entry => Path.GetFileName(entry)!)
            .Where(name => !name.StartsWith('.') && !NeutralNames.Contains(name)).Order(StringComparer.Ordinal)];

    private static void RefuseForeign(DataPaths paths)
    {
        RefuseOther(paths);
        var names = Names(paths);
        if (names.Count > 0 && !names.Any(OwnNames.Contains))
        {
            throw new StorageException($"is not empty and does not hold a registry (it holds '{names[0]}'); choose an empty or new folder");
        }
    }

    private static void RefuseOther(DataPaths paths)
    {
        var distribution = Path.Combine(paths.Root, "docker", "registry", "v2");
        if (Directory.Exists(distribution))
        {
            throw new StorageException($"holds the storage of another registry one level down; set it to {distribution}");
        }

        if (File.Exists(paths.UnfinishedRestore))
        {
            throw new StorageException("holds a backup that was not restored to the end; run 'registry restore' again, or empty the folder");
        }

        if (File.Exists(paths.BackupDescription))
        {
            throw new StorageException("is a backup; 'registry restore' makes a registry of it, in another folder");
        }
    }

    private static FileStream Lock(DataPaths paths)
    {
        try
        {
            FileOwner.CreateFile(paths.LockFile);
            return new FileStream(paths.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (IsLocked(e))
        {
            throw new StorageException("is in use by another process", e);
        }
    }

    // Blobs become visible by a rename out of uploads/, which must be on the same file system. This also proves that both can be written.
    private static void TryRename(DataPaths paths)
    {
        var from = Path.Combine(paths.Uploads, ".probe");
        var to = Path.Combine(paths.Blobs, ".probe");
        try
        {
            TryCreate(paths, keeps: true);
            DurableFile.Rename(from, to);
        }
        catch (IOException e) when (DurableFile.IsAcrossFileSystems(e))
        {
            throw new StorageException("has its uploads/ and blobs/ folders on different file systems; put both on the same one", e);
        }
        finally
        {
            File.Delete(from);
            File.Delete(to);
        }
    }

    private static void TryCreate(DataPaths paths, bool keeps = false)
    {
        var probe = Path.Combine(paths.Uploads, ".probe");

        // An existing entry with this name may not be a file to write to.
        File.Delete(probe);
        File.OpenHandle(probe, FileMode.CreateNew, FileAccess.Write).Dispose();
        if (!keeps)
        {
            File.Delete(probe);
        }
    }
}
