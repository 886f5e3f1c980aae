namespace Registry.Core.Storage.FileSystem;

/// <summary>The users of the machine who can read or change files that are not theirs to.</summary>
public static class FilePrivacy
{
    /// <summary>
    /// Keeps files that this process makes from the other users of the machine: 0640, and 0750 for folders, or less where the umask of the
    /// process says so. The group stays, for backups by another user and for the volumes of Kubernetes (fsGroup).
    /// </summary>
    public static void RestrictNewFiles()
    {
        if (!OperatingSystem.IsWindows())
        {
            Posix.AddToUmask(0b000_010_111);
        }
    }

    /// <summary>
    /// What the other users of the machine can do with a file, as a clause such as <c>can be read by every user of the machine (mode 0644)</c>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="isSecret">Whether reading it does harm, too.</param>
    /// <returns>Null when nothing, or when that cannot be known.</returns>
    public static string? ConcernOfFile(string path, bool isSecret)
    {
        var mode = ModeOf(path);
        return (mode & UnixFileMode.OtherWrite) != 0 && IsReachable(path) ? $"can be changed by every user of the machine (mode {Octal(mode)})"
            : isSecret && (mode & UnixFileMode.OtherRead) != 0 && IsReachable(path) ? $"can be read by every user of the machine (mode {Octal(mode)})"
            : null;
    }

    /// <summary>What the other users of the machine can do with what is stored in a folder, as such a clause.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="names">What is in it that they must not read.</param>
    /// <returns>Null when nothing, or when that cannot be known.</returns>
    public static string? ConcernOfFolder(string folder, params IEnumerable<string> names)
    {
        const UnixFileMode Anything = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        var open = names.FirstOrDefault(name => (ModeOf(Path.Combine(folder, name)) & Anything) != 0 && IsReachable(Path.Combine(folder, name)));
        return open is null ? null : $"can be read by every user of the machine ({open} has mode {Octal(ModeOf(Path.Combine(folder, open)))})";
    }

    // Every folder on the way must let others through.
    private static bool IsReachable(string path)
    {
        for (var folder = Path.GetDirectoryName(Path.GetFullPath(path)); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if ((ModeOf(folder) & UnixFileMode.OtherExecute) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static UnixFileMode ModeOf(string path)
    {
        try
        {
            return OperatingSystem.IsWindows() || !Path.Exists(path) ? UnixFileMode.None : File.GetUnixFileMode(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return UnixFileMode.None;
        }
    }

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');
}
