using System.Diagnostics;

namespace Registry.Storage.Testing;

/// <summary>Entries planted in the place of a file or folder. Following one would change or reveal files outside.</summary>
internal static class Planted
{
    private const string Secret = "a secret";

    public static readonly string[] Kinds = ["a link to a file", "a link to a folder", "a link to nothing", "a FIFO", "a device"];

    /// <summary>Replaces the content of a place by an entry.</summary>
    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="path">The place.</param>
    /// <param name="outside">A folder for what links lead to.</param>
    public static void Put(string kind, string path, string outside)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What is not a plain file is refused on Linux.");
        FolderContent.Write(Secret, outside, "folder", "link");
        FolderContent.Write(Secret, outside, "file");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        File.Delete(path);
        switch (kind)
        {
            case "a link to a file":
                File.CreateSymbolicLink(path, Path.Combine(outside, "file"));
                break;
            case "a link to a folder":
                File.CreateSymbolicLink(path, Path.Combine(outside, "folder"));
                break;
            case "a link to nothing":
                File.CreateSymbolicLink(path, Path.Combine(outside, "nothing"));
                break;
            case "a FIFO":
                Run("mkfifo", path);
                break;
            default:
                Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root may make a device.");
                Run("mknod", path, "c", "1", "5");
                break;
        }
    }

    /// <summary>Fails when the target of a link was written to or removed.</summary>
    public static void AssertUntouched(string outside) =>
        Assert.Equal([$"file = {Secret}", $"folder/link = {Secret}"], FolderContent.List(outside));

    private static void Run(string command, params string[] arguments)
    {
        using var process = Process.Start(command, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
