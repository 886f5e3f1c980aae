using Registry.Files;
using Registry.Storage.Files;

namespace Registry.Storage;

/// <summary>Handles the files of the database together: SQLite keeps its log in a file next to it.</summary>
public static class DatabaseFiles
{
    private const string SetAsideSuffix = ".old";
    private const string DamagedSuffix = ".damaged";
    private static readonly string[] Suffixes = ["", "-wal", "-shm"];

    /// <summary>Renames the database, so that a new one is created. A database that an earlier, unfinished attempt has set aside stays.</summary>
    public static void SetAside(DataPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var isRepeated = File.Exists(paths.Database + SetAsideSuffix);
        foreach (var file in Suffixes.Select(suffix => paths.Database + suffix).Where(File.Exists))
        {
            if (isRepeated)
            {
                File.Delete(file);
            }
            else
            {
                DurableFile.Rename(file, Aside(paths, file, SetAsideSuffix));
            }
        }
    }

    /// <summary>
    /// Renames a database that could not be read, so that a new one is created. It is never removed: an operator may still recover records from it
    /// that exist nowhere else.
    /// </summary>
    /// <returns>New path of the database; null if there was none.</returns>
    public static string? SetAsideDamaged(DataPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        if (!File.Exists(paths.Database))
        {
            return null;
        }

        foreach (var file in Suffixes.Select(suffix => paths.Database + suffix))
        {
            var aside = Aside(paths, file, DamagedSuffix);
            File.Delete(aside);
            if (File.Exists(file))
            {
                DurableFile.Rename(file, aside);
            }
        }

        return paths.Database + DamagedSuffix;
    }

    /// <summary>Removes a database with SQLite's other files, which would otherwise be taken for those of the next database of this name.</summary>
    public static void Delete(string database)
    {
        foreach (var suffix in Suffixes.Append("-journal"))
        {
            File.Delete(database + suffix);
        }
    }

    /// <summary>Removes the database that was set aside.</summary>
    public static void RemoveSetAside(DataPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        foreach (var suffix in Suffixes)
        {
            File.Delete(Aside(paths, paths.Database + suffix, SetAsideSuffix));
        }
    }

    // SQLite finds the log of a database by its name: registry.db.old has registry.db.old-wal.
    private static string Aside(DataPaths paths, string file, string suffix) =>
        paths.Database + suffix + file[paths.Database.Length..];
}
