namespace Registry.Core.Storage;

/// <summary>The storage could not do what it must: a full disk, an I/O error, a failed commit. Never the client's fault.</summary>
public sealed class StorageException : Exception
{
    private const int Enospc = 28;
    private const int EdquotLinux = 122;
    private const int EdquotBsd = 69;
    private const int ErrorDiskFullWindows = unchecked((int)0x80070070);

    public StorageException(string message, Exception inner)
        : base(message, inner) => IsFull = inner is StorageException { IsFull: true } || (inner is IOException && IsFullCode(inner.HResult));

    public StorageException(string message, bool isFull = false)
        : base(message) => IsFull = isFull;

    /// <summary>Whether there is no room left (ENOSPC, EDQUOT): it passes when somebody deletes something.</summary>
    public bool IsFull { get; }

    /// <summary>Whether an error number says that there is no room left.</summary>
    public static bool IsFullCode(int errno) => errno is Enospc or ErrorDiskFullWindows ||
        errno == (OperatingSystem.IsLinux() ? EdquotLinux : EdquotBsd);
}
