using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SQLitePCL;

namespace Registry.Server.Hosting;

/// <summary>
/// SQLite library of the single-file builds. It is a resource of the program and is loaded from memory, so nothing is unpacked to a disk
/// that may be read-only. In other builds the library is a file beside the program, and this class does nothing.
/// </summary>
internal static partial class BundledSqlite
{
    private const string FileName = "libe_sqlite3.so";
    private const uint CloseOnExec = 1;

    private static readonly Lazy<nint> Library = new(Load);

    /// <summary>Makes the storage use the library inside the program, if there is one. Call once, before any database is opened.</summary>
    public static void Use()
    {
        if (OperatingSystem.IsLinux() && typeof(BundledSqlite).Assembly.GetManifestResourceInfo(FileName) is not null)
        {
            NativeLibrary.SetDllImportResolver(
                typeof(SQLite3Provider_e_sqlite3).Assembly, (name, _, _) => name == "e_sqlite3" ? Library.Value : 0);
        }
    }

    // A file in memory; the loader maps it like any other.
    private static nint Load()
    {
        var descriptor = CreateMemoryFile(FileName, CloseOnExec);
        if (descriptor < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        using (var file = new FileStream(handle, FileAccess.Write))
        using (var content = typeof(BundledSqlite).Assembly.GetManifestResourceStream(FileName)!)
        {
            content.CopyTo(file);
            file.Flush();
            return NativeLibrary.Load($"/proc/self/fd/{descriptor}");
        }
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateMemoryFile(string name, uint flags);
}
