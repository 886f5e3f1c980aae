namespace Registry.Core.Storage.FileSystem;

/// <summary>What changes when a file is written to, replaced or renamed: where it is, how large, and when it and its inode were changed.</summary>
/// <param name="Device">The file system.</param>
/// <param name="Inode">The file on it.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Modified">When its content was changed, in nanoseconds; whoever writes to it can set this.</param>
/// <param name="Changed">When its inode was changed, in nanoseconds; the kernel alone sets this.</param>
internal readonly record struct FileStamp(ulong Device, ulong Inode, long Size, long Modified, long Changed);
