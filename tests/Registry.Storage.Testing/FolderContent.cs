using Registry.Storage.Contracts;

namespace Registry.Storage.Testing;

/// <summary>Content of a folder, for comparing and for planting entries.</summary>
internal static class FolderContent
{
    /// <summary>Lists every file under a folder with its content, one a line, in ordinal order of the paths.</summary>
    public static IReadOnlyList<string> List(string root) =>
        [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Select(file => $"{Path.GetRelativePath(root, file)} = {File.ReadAllText(file)}")
            .Order(StringComparer.Ordinal)];

    /// <summary>Writes a file with its folders.</summary>
    public static void Write(string content, params string[] path) => Write(Samples.Text(content), path);

    /// <inheritdoc cref="Write(string, string[])"/>
    public static void Write(byte[] content, params string[] path)
    {
        var file = Path.Combine(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, content);
    }
}
