namespace Registry.Core.Layouts;

/// <summary>A layout that is read: a folder or an archive. Only regular files count; paths are written with slashes.</summary>
internal interface ILayoutSource : IDisposable
{
    /// <summary>The size of a file in bytes; null when there is none.</summary>
    /// <exception cref="LayoutException">Something else is in its place.</exception>
    long? Find(string path);

    /// <summary>Opens a file that is there. The caller disposes it before opening the next one.</summary>
    Stream Open(string path);
}
