namespace Registry.Core.Storage;

/// <summary>Thrown when the storage fails: a full disk, an I/O error, a failed commit, a store that does not answer. Never the client's fault.</summary>
public sealed class StorageException : Exception
{
    private const int Enospc = 28;
    private const int EdquotLinux = 122;
    private const int EdquotBsd = 69;
    private const int ErrorDiskFullWindows = unchecked((int)0x80070070);

    public StorageException(string message, Exception inner)
        : base(message, inner) => IsFull = inner is StorageException { IsFull: true } || (inner is IOException && IsFullCode(inner.HResult));

    public StorageException(string message, Exception inner, bool isFull)
        : base(message, inner) => IsFull = isFull;

    public StorageException(string message, bool isFull = false)
        : base(message) => IsFull = isFull;

    /// <summary>True if no space is left (ENOSPC, EDQUOT); deleting content resolves it.</summary>
    public bool IsFull { get; }

    /// <summary>True if the same request may succeed soon, without an operator: a database or a store restarts, or a change has waited for others for too long.</summary>
    public bool IsTransient { get; init; }

    /// <summary>True if an error number means that no space is left.</summary>
    public static bool IsFullCode(int errno) => errno is Enospc or ErrorDiskFullWindows ||
        errno == (OperatingSystem.IsLinux() ? EdquotLinux : EdquotBsd);
}
