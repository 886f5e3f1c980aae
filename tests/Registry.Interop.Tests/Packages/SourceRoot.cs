namespace Registry.Interop.Tests.Packages;

/// <summary>The source tree that the tests were built from.</summary>
internal static class SourceRoot
{
    /// <summary>The folder that holds the solution.</summary>
    public static string Path { get; } = Find();

    /// <summary>The absolute path of a file of the tree.</summary>
    public static string File(string name) => System.IO.Path.Combine(Path, name);

    private static string Find()
    {
        string folder = AppContext.BaseDirectory;
        while (!System.IO.File.Exists(System.IO.Path.Combine(folder, "Registry.sln")))
        {
            folder = System.IO.Path.GetDirectoryName(folder)
                ?? throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Registry.sln.");
        }
        return folder;
    }
}
