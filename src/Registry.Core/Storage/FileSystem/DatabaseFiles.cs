namespace Registry.Core.Storage.FileSystem;

/// <summary>The files of the database, as a whole: SQLite keeps its log beside it.</summary>
public static class DatabaseFiles
{
    private const string SetAsideSuffix = ".old";
    private static readonly string[] Suffixes = ["", "-wal", "-shm"];

    /// <summary>Renames the database away, so that a new one is begun. What an earlier, unfinished attempt has set aside stays.</summary>
    public static void SetAside(FileSystemLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var isRepeated = File.Exists(layout.Database + SetAsideSuffix);
        foreach (var file in Suffixes.Select(suffix => layout.Database + suffix).Where(File.Exists))
        {
            if (isRepeated)
            {
                File.Delete(file);
            }
            else
            {
                File.Move(file, SetAsideName(layout, file), overwrite: true);
            }
        }
    }

    /// <summary>Removes a database with what SQLite keeps beside it, which would otherwise be taken for that of the next one of the name.</summary>
    public static void Delete(string database)
    {
        foreach (var suffix in Suffixes.Append("-journal"))
        {
            File.Delete(database + suffix);
        }
    }

    /// <summary>Removes what was set aside.</summary>
    public static void RemoveSetAside(FileSystemLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        foreach (var suffix in Suffixes)
        {
            File.Delete(SetAsideName(layout, layout.Database + suffix));
        }
    }

    // SQLite finds the log of a database by its name: registry.db.old has registry.db.old-wal.
    private static string SetAsideName(FileSystemLayout layout, string file) =>
        layout.Database + SetAsideSuffix + file[layout.Database.Length..];
}
