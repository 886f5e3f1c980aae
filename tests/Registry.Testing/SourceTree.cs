namespace Registry.Testing;

/// <summary>The source tree that the tests were built from.</summary>
public static class SourceTree
{
    /// <summary>The folder that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Absolute path of a file or folder.</summary>
    /// <param name="path">Its path from the root.</param>
    public static string Locate(params ReadOnlySpan<string> path) => Path.Combine([Root, .. path]);

    /// <summary>C# files below a folder of the project, relative to the root, without generated ones.</summary>
    public static IReadOnlyList<string> Files(string folder) =>
        [.. Directory.EnumerateFiles(Locate(folder), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file).Replace(Path.DirectorySeparatorChar, '/'))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal)];

    /// <summary>Lines of a file, whose path is relative to the root.</summary>
    public static string[] Lines(string file) => File.ReadAllLines(Locate(file));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Registry.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the project's folder.");
    }
}
