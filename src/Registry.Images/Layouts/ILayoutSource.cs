namespace Registry.Images.Layouts;

/// <summary>A layout to read: a folder or an archive. Only regular files count; paths have slashes.</summary>
internal interface ILayoutSource : IDisposable
{
    /// <summary>Size of a file in bytes; null if it does not exist.</summary>
    /// <exception cref="LayoutException">The path is not that of a regular file.</exception>
    long? Find(string path);

    /// <summary>Opens an existing file. The caller disposes it before opening the next one.</summary>
    Stream Open(string path);
}
