using Registry.Core.Storage;
using Registry.Core.Storage.FileSystem;

namespace Registry.Core.Backup;

/// <summary>Small files that belong to a registry beside what it stores: its key, its users and rules. They keep their permissions.</summary>
internal static class CopiedFiles
{
    // Far more than a file of users is; what is larger is none.
    private const long MaxSize = 64 * 1024 * 1024;

    /// <summary>Copies those of some files that are below a folder and there to the same place below another one, replacing what is there.</summary>
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
            // What replaces a file takes its permissions over.
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
