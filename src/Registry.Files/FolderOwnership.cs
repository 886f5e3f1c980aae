using System.Runtime.Versioning;

namespace Registry.Files;

/// <summary>
/// Finds out whether the ownership of a data folder keeps the registry from writing. That is the usual reason why a container or a service does
/// not start, and .NET's message ("Access to the path is denied") names neither the user nor the remedy.
/// </summary>
[SupportedOSPlatform("linux")]
public static class FolderOwnership
{
    /// <summary>Finds the reason why this process may not write to a data folder, with the command that fixes it, as words that follow the path.</summary>
    /// <returns>Null if it may write, or if owner and permissions are not the reason.</returns>
    /// <exception cref="IOException">An owner cannot be read.</exception>
    public static string? Fault(string root)
    {
        if (!Directory.Exists(root))
        {
            return Path.GetDirectoryName(root) is { } parent && Refuses(parent)
                ? $"does not exist and cannot be created: the registry runs as {Runner}, and {parent} belongs to {Owner(parent)}. "
                    + $"As root: install -d -o {Posix.EffectiveUser} -g {Posix.EffectiveGroup} {root}"
                : null;
        }

        if (Refused(root) is not { } path)
        {
            return null;
        }

        return Posix.OwnerOf(path).User == Posix.EffectiveUser
            ? $"cannot be written: the permissions of {path} deny write access to its owner, user {Posix.EffectiveUser}, which the registry runs as. Run: chmod -R u+rwX {root}"
            : $"cannot be written: the registry runs as {Runner}, and {path} belongs to {Owner(path)}. "
                + $"As root: chown -R {Posix.EffectiveUser}:{Posix.EffectiveGroup} {root}. When {root} is mounted into a container, change the owner of the folder on the host";
    }

    private static string Runner => $"user {Posix.EffectiveUser} (group {Posix.EffectiveGroup})";

    // One level is enough: the same user has created what is below.
    private static string? Refused(string root) => Refuses(root) ? root : Directory.EnumerateFileSystemEntries(root).FirstOrDefault(Refuses);

    private static bool Refuses(string path) =>
        Path.GetFileName(path) != "lost+found" && Posix.Find(path, out _) is EntryKind.File or EntryKind.Folder && !Posix.IsWritable(path);

    private static string Owner(string path)
    {
        var (user, group) = Posix.OwnerOf(path);
        return $"user {user} (group {group})";
    }
}
