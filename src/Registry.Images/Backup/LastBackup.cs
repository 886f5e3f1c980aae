using System.Globalization;
using System.Text;
using Registry.Files;
using Registry.Storage.Files;

namespace Registry.Images.Backup;

/// <summary>
/// Time of the last backup of the data folder without a fault. It is in a file, since the backup runs in another process than the one that
/// writes the database.
/// </summary>
public static class LastBackup
{
    // The registry may run as another user of the group. A file that root writes gets the owner of the folder.
    private const UnixFileMode ReadableByGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    /// <summary>Reads the time, as Unix time in seconds; null without a backup.</summary>
    public static long? Read(DataPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        try
        {
            return long.TryParse(File.ReadAllText(paths.LastBackup).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Records that a backup was completed.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission to write it.</exception>
    internal static void Record(DataPaths paths, DateTimeOffset at)
    {
        using (var replacement = FileReplacement.BeginAnew(paths.LastBackup))
        {
            replacement.Finish(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at.ToUnixTimeSeconds()}\n")));
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(paths.LastBackup, ReadableByGroup);
        }
    }
}
