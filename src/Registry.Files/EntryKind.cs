namespace Registry.Files;

/// <summary>Kind of an entry in a folder.</summary>
public enum EntryKind
{
    /// <summary>No entry.</summary>
    None,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link, wherever it leads; a FIFO, a socket or a device; or anything behind one of them.</summary>
    Other,
}
