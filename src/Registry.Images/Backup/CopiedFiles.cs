using Registry.Core.Storage;
using Registry.Files;
using Registry.Storage.Files;

namespace Registry.Images.Backup;

/// <summary>Copies the small files of a registry beside its storage: its key, users and rules. They keep their permissions.</summary>
internal static class CopiedFiles
{
    // Excludes set-user-ID and other bits that a file of users never needs.
    private const UnixFileMode Permissions = (UnixFileMode)0b111_111_111;

    /// <summary>
    /// Copies those files that exist in a data folder to the same path below another folder, and replaces existing ones. Follows symbolic links of
    /// the operator.
    /// </summary>
    /// <exception cref="StorageException">A file cannot be read, or is at a path of the registry's own files.</exception>
    public static void Copy(DataPaths from, string to, IEnumerable<string> files)
    {
        foreach (var file in files.Distinct())
        {
            var name = Path.GetRelativePath(from.Root, Path.GetFullPath(file));
            if (name.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(name) || !Path.Exists(file))
            {
                continue;
            }

            if (DataPaths.IsReserved(name))
            {
                throw new StorageException($"{file} is at a path of the registry's own files, so it cannot be backed up; move it elsewhere in the data folder");
            }

            FileOwner.CreateFolder(to);
            try
            {
                using var stream = OperatorFile.Open(file);
                Write(Path.Combine(to, name), to, stream, OperatorFile.Read(stream));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"{file} cannot be backed up: {IoFault.Reason(e, file)}", e);
            }
        }
    }

    /// <summary>Lists the files of a generation, before any is restored.</summary>
    /// <param name="backup">The folder of the backup.</param>
    /// <param name="generation">The generation.</param>
    /// <returns>Paths of the files, relative to the folder of files.</returns>
    /// <exception cref="StorageException">The generation holds an entry that no backup contains.</exception>
    public static IReadOnlyList<string> List(BackupFolder backup, BackupGeneration generation)
    {
        var names = new List<string>();
        var folders = new Stack<string>();
        if (PlainFile.Find(generation.Files, backup.Root) is var kind && kind != EntryKind.None)
        {
            Add(generation.Files, kind);
        }

        while (folders.TryPop(out var folder))
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(folder))
            {
                Add(entry, PlainFile.Find(entry, generation.Files));
            }
        }

        return names;

        void Add(string path, EntryKind kind)
        {
            var name = Path.GetRelativePath(generation.Files, path);
            if (kind == EntryKind.Folder)
            {
                folders.Push(path);
            }
            else if (kind != EntryKind.File)
            {
                throw Altered(path, "is neither a file nor a folder");
            }
            else if (DataPaths.IsReserved(name))
            {
                throw Altered(path, "no backup has");
            }
            else
            {
                names.Add(name);
            }
        }

        StorageException Altered(string path, string fault) => new(
            $"holds {Path.GetRelativePath(backup.Root, path)}, which {fault}, so the backup was altered; nothing was restored. Restore another generation, or remove that entry");
    }

    /// <summary>Copies files of a generation into a data folder, and replaces existing ones.</summary>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static void Restore(BackupGeneration generation, DataPaths to, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            var path = Path.Combine(generation.Files, name);
            var handle = PlainFile.TryOpen(path, generation.Files, out _) ?? throw PlainFile.NotPlain(path, "file");
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            Write(Path.Combine(to.Root, name), to.Root, stream, OperatorFile.Read(stream));
        }
    }

    private static void Write(string target, string below, FileStream source, byte[] content)
    {
        if (Path.GetDirectoryName(target) is { } folder && folder != below)
        {
            PlainFile.CreateFolder(folder, below);
        }

        if (PlainFile.Find(target, below) is EntryKind.Folder or EntryKind.Other)
        {
            throw PlainFile.NotPlain(target, "file");
        }

        var mode = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(source.SafeFileHandle) & Permissions;
        if (!OperatingSystem.IsWindows() && File.Exists(target))
        {
            // The file that replaces this one keeps its permissions.
            File.SetUnixFileMode(target, mode);
        }

        using (var replacement = FileReplacement.BeginAnew(target))
        {
            replacement.Finish(content);
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(target, mode);
        }
    }
}
