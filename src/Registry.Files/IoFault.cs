using System.Globalization;

namespace Registry.Files;

/// <summary>
/// Words for faults of files. .NET's own messages name its exception classes and repeat the path, which the message around them has named with
/// its setting: "Could not find file '/etc/htpasswd'." becomes "there is no such file".
/// </summary>
public static class IoFault
{
    private const int Eperm = 1;
    private const int Enoent = 2;
    private const int Eio = 5;
    private const int Eacces = 13;
    private const int Eexist = 17;
    private const int Enotdir = 20;
    private const int Eisdir = 21;
    private const int Enfile = 23;
    private const int Emfile = 24;
    private const int Enospc = 28;
    private const int Erofs = 30;

    // ERROR_FILE_EXISTS as an HRESULT.
    private const int WindowsFileExists = unchecked((int)0x80070050);

    // EDQUOT and ENAMETOOLONG have other numbers on macOS.
    private static readonly int Edquot = OperatingSystem.IsLinux() ? 122 : 69;
    private static readonly int Enametoolong = OperatingSystem.IsLinux() ? 36 : 63;

    /// <summary>Reason as a clause, such as <c>there is no such file</c>. It contains a path only if that differs from the named one.</summary>
    /// <param name="fault">The exception.</param>
    /// <param name="named">Path that the message around it names; null for none.</param>
    public static string Reason(Exception fault, string? named = null)
    {
        ArgumentNullException.ThrowIfNull(fault);
        var path = PathIn(fault.Message) is { } found && (named is null || found != Path.GetFullPath(named)) ? found : null;
        return fault switch
        {
            FileNotFoundException when IsOfLibrary(fault) => path is null ? "there is no such file" : $"there is no file {path}",
            DirectoryNotFoundException => path is null ? "there is no such folder" : $"there is no folder {Path.GetDirectoryName(path)}",
            UnauthorizedAccessException when Directory.Exists(path ?? named) => path is null ? "it is a folder, not a file" : $"{path} is a folder, not a file",
            UnauthorizedAccessException => $"{OfErrno(Eacces)}{(path is null ? "" : $" at {path}")}",
            IOException when !OperatingSystem.IsWindows() && IsOfLibrary(fault) && OfErrno(fault.HResult) is { } words =>
                path is null ? words : $"{words} at {path}",
            _ => fault.Message.TrimEnd('.'),
        };
    }

    /// <summary>Cause of a fault of a file, with its remedy; null if it is none that an operator can remove.</summary>
    public static FaultCause? Cause(Exception fault) => fault switch
    {
        FileNotFoundException or DirectoryNotFoundException => Missing("a file or folder is missing"),
        UnauthorizedAccessException => new(OfErrno(Eacces)!, "Give the user of the registry access to the data folder and to everything in it"),
        IOException when OperatingSystem.IsWindows() => null,
        IOException when fault.HResult == Erofs => new(
            OfErrno(Erofs)!, "Mount the file system for writing. If it became read-only by itself, it has found an error: check the disk"),
        IOException when fault.HResult == Eio => new(OfErrno(Eio)!, "Check the disk, and the log of the kernel"),
        IOException when fault.HResult is Emfile or Enfile => new(
            OfErrno(Emfile)!, "Raise the limit (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of a container), or lower REGISTRY_MAX_CONNECTIONS"),
        IOException when fault.HResult == Enospc || fault.HResult == Edquot => new(OfErrno(fault.HResult)!, "Make room on the disk"),
        IOException when fault.HResult is Enotdir or Eisdir => Missing(OfErrno(fault.HResult)!),
        IOException when fault.HResult == Eexist => Missing("a file is in the place of a folder, or a folder in that of a file"),
        IOException => new(
            (PathIn(fault.Message) is { } path ? fault.Message.Replace($"'{path}'", "…", StringComparison.Ordinal) : fault.Message).TrimEnd('.'),
            "Check the data folder, and its disk"),
        _ => null,
    };

    /// <summary>True if a new file could not be created because one with its name exists, which may have gone since.</summary>
    public static bool IsExisting(IOException fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return fault.HResult == (OperatingSystem.IsWindows() ? WindowsFileExists : Eexist);
    }

    /// <summary>A fault of a disk that .NET has not recognized as one.</summary>
    internal static IOException OfDisk() => new(OfErrno(Eio), Eio);

    private static FaultCause Missing(string reason) =>
        new(reason, "Another program has changed the data folder, or its disk is not mounted: restore what was changed");

    /// <summary>Words for an error number; null for one without words of its own.</summary>
    internal static string? OfErrno(int errno) =>
        errno is Eacces or Eperm ? $"permission denied for {User}"
        : errno == Enoent ? "there is no such file"
        : errno == Enospc ? "the disk is full"
        : errno == Edquot ? "the quota of the disk is used up"
        : errno == Erofs ? "the file system is mounted read-only"
        : errno == Eio ? "the disk reports an error (EIO)"
        : errno is Emfile or Enfile ? "too many files are open"
        : errno == Enotdir ? "a part of the path is a file, not a folder"
        : errno == Eisdir ? "it is a folder, not a file"
        : errno == Enametoolong ? "the name is too long"
        : null;

    private static string User => OperatingSystem.IsWindows()
        ? Environment.UserName
        : string.Create(CultureInfo.InvariantCulture, $"the user with id {Posix.EffectiveUser}");

    // The library's messages end with the path in quotes: "No space left on device : '/data/x'".
    private static bool IsOfLibrary(Exception fault) => PathIn(fault.Message) is not null;

    private static string? PathIn(string message)
    {
        var first = message.IndexOf('\'', StringComparison.Ordinal);
        var last = message.LastIndexOf('\'');
        return last > first + 1 ? message[(first + 1)..last] : null;
    }
}
