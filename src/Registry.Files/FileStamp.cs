namespace Registry.Files;

/// <summary>Attributes of a file that change when it is written, replaced or renamed: its identity, its size and its times.</summary>
/// <param name="Device">File system of the file.</param>
/// <param name="Inode">Inode on the file system.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="Modified">Time of the last change of the content, in nanoseconds; a writer can set it.</param>
/// <param name="Changed">Time of the last change of the inode, in nanoseconds; only the kernel sets it.</param>
internal readonly record struct FileStamp(ulong Device, ulong Inode, long Size, long Modified, long Changed);
