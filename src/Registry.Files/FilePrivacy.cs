namespace Registry.Files;

/// <summary>Protects files from other users of the machine, and finds files that such users can read or change.</summary>
public static class FilePrivacy
{
    /// <summary>
    /// Removes the permissions of other users from files that this process creates: 0640, and 0750 for folders, or less if the umask of the process
    /// says so. The group keeps its permissions, for backups by another user and for the volumes of Kubernetes (fsGroup).
    /// </summary>
    public static void RestrictNewFiles()
    {
        if (!OperatingSystem.IsWindows())
        {
            Posix.AddToUmask(0b000_010_111);
        }
    }

    /// <summary>
    /// Describes what other users of the machine can do with a file, as a clause such as <c>can be read by every user of the machine (mode 0644)</c>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="isSecret">True if they must not read it, either.</param>
    /// <returns>Null if they can do nothing, or if that cannot be determined.</returns>
    public static string? ConcernOfFile(string path, bool isSecret)
    {
        var mode = ModeOf(path);
        return (mode & UnixFileMode.OtherWrite) != 0 && IsReachable(path) ? $"can be changed by every user of the machine (mode {Octal(mode)})"
            : isSecret && (mode & UnixFileMode.OtherRead) != 0 && IsReachable(path) ? $"can be read by every user of the machine (mode {Octal(mode)})"
            : null;
    }

    /// <summary>Describes what other users of the machine can do with the contents of a folder, as such a clause.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="names">Entries of the folder that they must not read.</param>
    /// <returns>Null if they can do nothing, or if that cannot be determined.</returns>
    public static string? ConcernOfFolder(string folder, params IEnumerable<string> names)
    {
        const UnixFileMode Anything = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        var open = names.FirstOrDefault(name => (ModeOf(Path.Combine(folder, name)) & Anything) != 0 && IsReachable(Path.Combine(folder, name)));
        return open is null ? null : $"can be read by every user of the machine ({open} has mode {Octal(ModeOf(Path.Combine(folder, open)))})";
    }

    // Every folder on the path must let other users through.
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
