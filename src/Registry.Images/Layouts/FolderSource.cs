using Registry.Files;

namespace Registry.Images.Layouts;

/// <summary>A layout in a folder. Links are not followed.</summary>
internal sealed class FolderSource(string root) : ILayoutSource
{
    private readonly string _root = Path.GetFullPath(root).TrimEnd(Path.DirectorySeparatorChar);

    public long? Find(string path) => PlainFile.Find(Path.Combine(_root, path), _root, out var size) switch
    {
        EntryKind.File => size,
        EntryKind.None => null,
        _ => throw new LayoutException($"has a {path} that is not a regular file"),
    };

    public Stream Open(string path)
    {
        var handle = PlainFile.TryOpen(Path.Combine(_root, path), _root, out _) ?? throw new LayoutException($"has no {path}");
        return new FileStream(handle, FileAccess.Read, bufferSize: 0);
    }

    public void Dispose()
    {
    }
}
