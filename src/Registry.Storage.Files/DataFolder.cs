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

    private DataFolder(FileSystemLayout layout, FileStream @lock)
    {
        Layout = layout;
        _lock = @lock;
    }

    public FileSystemLayout Layout { get; }

    /// <summary>Opens a folder, and creates it if it does not exist.</summary>
    /// <exception cref="StorageException">The folder cannot be used; the message gives the reason in one line.</exception>
    public static DataFolder Open(string path) => Take(path, RefuseForeign, layout =>
    {
        RemovalLock.Create(layout);
        TryRename(layout);
        DurableFile.SyncDirectory(layout.Root);
    });

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
        var layout = new FileSystemLayout(path);
        try
        {
            if (File.Exists(layout.Root))
            {
                throw new StorageException("is a file; choose a folder");
            }

            if (!Directory.Exists(layout.Root))
            {
                throw new StorageException("does not exist; check the path");
            }

            RefuseOther(layout);
            var names = Names(layout);
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

    /// <summary>Tests that files can be created and renamed into blobs.</summary>
    /// <exception cref="StorageException">They cannot; <see cref="StorageException.IsFull"/> is true if no space is left.</exception>
    public void TryWrite()
    {
        try
        {
            TryRename(Layout);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{Layout.Root} cannot be written: {IoFault.Reason(e, Layout.Root)}", e);
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
        DurableFile.SyncFileSystem(Layout.Root);
        File.Delete(Layout.UnfinishedRestore);
        DurableFile.SyncDirectory(Layout.Root);
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>True if another process has locked a file: EWOULDBLOCK of flock(2), or ERROR_SHARING_VIOLATION.</summary>
    public static bool IsLocked(IOException e) =>
        e.HResult == (OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsLinux() ? 11 : 35);

    // Creates a folder, inspects it, locks it, and prepares it. Releases it on any failure.
    private static DataFolder Take(string path, Action<FileSystemLayout> inspect, Action<FileSystemLayout> prepare)
    {
        var layout = new FileSystemLayout(path);
        FileStream? held = null;
        try
        {
            if (File.Exists(layout.Root))
            {
                throw new StorageException("is a file; choose a folder");
            }

            if (!Directory.Exists(layout.Root))
            {
                RefuseForeignOwner(layout);
                FileOwner.CreateFolder(layout.Root);
            }

            inspect(layout);
            RefuseForeignOwner(layout);
            held = Lock(layout);
            CreateFolders(layout);
            prepare(layout);
            return new DataFolder(layout, held);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw new StorageException(Reason(layout, e), e);
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    // Before anything is opened: SQLite would only report that the database is read-only.
    private static void RefuseForeignOwner(FileSystemLayout layout)
    {
        if (OperatingSystem.IsLinux() && FolderOwnership.Fault(layout.Root) is { } fault)
        {
            throw new StorageException(fault);
        }
    }

    private static string Reason(FileSystemLayout layout, Exception e)
    {
        const int ReadOnlyFileSystem = 30;
        if (e.HResult == ReadOnlyFileSystem)
        {
            return "is on a read-only file system. Mount it for writing; in a container, mount a volume there";
        }

        return (OperatingSystem.IsLinux() && e is UnauthorizedAccessException ? FolderOwnership.Fault(layout.Root) : null) ?? $"cannot be used: {IoFault.Reason(e, layout.Root)}";
    }

    private static void MarkUnfinished(FileSystemLayout layout)
    {
        if (!File.Exists(layout.UnfinishedRestore) && Names(layout).FirstOrDefault() is { } name)
        {
            throw new StorageException($"is not empty (it holds '{name}'); a backup is restored into an empty or new folder");
        }

        // The mark comes before all other files, so that a killed restore leaves nothing that looks like a registry.
        FileOwner.CreateFile(layout.UnfinishedRestore);
        DurableFile.SyncDirectory(layout.Root);
    }

    private static void CreateFolders(FileSystemLayout layout)
    {
        FileOwner.CreateFolder(layout.Blobs);
        FileOwner.CreateFolder(layout.Repositories);
        FileOwner.CreateFolder(layout.Uploads);
    }

    private static List<string> Names(FileSystemLayout layout) =>
        [.. Directory.EnumerateFileSystemEntries(layout.Root).Select(entry => Path.GetFileName(entry)!)
            .Where(name => !name.StartsWith('.') && !NeutralNames.Contains(name)).Order(StringComparer.Ordinal)];

    private static void RefuseForeign(FileSystemLayout layout)
    {
        RefuseOther(layout);
        var names = Names(layout);
        if (names.Count > 0 && !names.Any(OwnNames.Contains))
        {
            throw new StorageException($"is not empty and does not hold a registry (it holds '{names[0]}'); choose an empty or new folder");
        }
    }

    private static void RefuseOther(FileSystemLayout layout)
    {
        var distribution = Path.Combine(layout.Root, "docker", "registry", "v2");
        if (Directory.Exists(distribution))
        {
            throw new StorageException($"holds the storage of another registry one level down; set it to {distribution}");
        }

        if (File.Exists(layout.UnfinishedRestore))
        {
            throw new StorageException("holds a backup that was not restored to the end; run 'registry restore' again, or empty the folder");
        }

        if (File.Exists(layout.BackupDescription))
        {
            throw new StorageException("is a backup; 'registry restore' makes a registry of it, in another folder");
        }
    }

    private static FileStream Lock(FileSystemLayout layout)
    {
        try
        {
            FileOwner.CreateFile(layout.LockFile);
            return new FileStream(layout.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (IsLocked(e))
        {
            throw new StorageException("is in use by another process", e);
        }
    }

    // Blobs become visible by a rename out of uploads/, which must be on the same file system. This also proves that both can be written.
    private static void TryRename(FileSystemLayout layout)
    {
        var from = Path.Combine(layout.Uploads, ".probe");
        var to = Path.Combine(layout.Blobs, ".probe");
        try
        {
            // An existing entry with this name may not be a file to write to.
            File.Delete(from);
            File.OpenHandle(from, FileMode.CreateNew, FileAccess.Write).Dispose();
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
}
