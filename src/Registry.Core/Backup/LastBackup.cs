using System.Globalization;
using System.Text;
using Registry.Core.Storage.FileSystem;

namespace Registry.Core.Backup;

/// <summary>
/// When the data folder was last backed up without a fault. It is in a file, since the backup runs beside the process that alone writes the
/// database.
/// </summary>
public static class LastBackup
{
    // The registry may run as another user of the group. What root writes belongs to the owner of the folder.
    private const UnixFileMode ReadableByGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    /// <summary>Reads the time, as Unix time in seconds; null when there is none.</summary>
    public static long? Read(FileSystemLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        try
        {
            return long.TryParse(File.ReadAllText(layout.LastBackup).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Records that a backup was completed.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    internal static void Record(FileSystemLayout layout, DateTimeOffset at)
    {
        using (var replacement = FileReplacement.BeginAnew(layout.LastBackup))
        {
            replacement.Finish(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at.ToUnixTimeSeconds()}\n")));
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(layout.LastBackup, ReadableByGroup);
        }
    }
}
