using Registry.Core.Storage;
using Registry.Core.Storage.FileSystem;

namespace Registry.Core.Backup;

/// <summary>Copies the small files of a registry beside its storage: its key, users and rules. They keep their permissions.</summary>
internal static class CopiedFiles
{
    // Far more than any file of users; a larger file is a mistake.
    private const long MaxSize = 64 * 1024 * 1024;

    /// <summary>Copies those files that exist below one folder to the same path below another, and replaces existing ones.</summary>
    public static void Copy(string from, string to, IEnumerable<string> files)
    {
        foreach (var file in files.Distinct())
        {
            var name = Path.GetRelativePath(from, Path.GetFullPath(file));
            if (name.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(name) || !File.Exists(file))
            {
                continue;
            }

            if (new FileInfo(file).Length > MaxSize)
            {
                throw new StorageException($"{file} is larger than {MaxSize} bytes, the most that a file of users, keys or rules may have");
            }

            var target = Path.Combine(to, name);
            FileOwner.CreateFolder(to);
            if (Path.GetDirectoryName(target) is { } folder && folder != to)
            {
                PlainFile.CreateFolder(folder, to);
            }

            Replace(file, target);
        }
    }

    private static void Replace(string file, string target)
    {
        var mode = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(file);
        if (!OperatingSystem.IsWindows() && File.Exists(target))
        {
            // The file that replaces this one keeps its permissions.
            File.SetUnixFileMode(target, mode);
        }

        using (var replacement = FileReplacement.BeginAnew(target))
        {
            replacement.Finish(File.ReadAllBytes(file));
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(target, mode);
        }
    }
}
