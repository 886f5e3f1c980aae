namespace Registry.Core.Storage.FileSystem;

/// <summary>What has a name in a folder.</summary>
internal enum EntryKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link, wherever it leads; a FIFO, a socket, a device; or anything behind one of them.</summary>
    Other,
}
