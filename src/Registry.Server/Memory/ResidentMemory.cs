using System.Buffers.Text;

namespace Registry.Server.Memory;

/// <summary>Resident memory of the process.</summary>
/// <remarks>
/// <see cref="Environment.WorkingSet"/> opens a file for each call on Linux, and is 0 when the process has no descriptor left, which would look like plenty of
/// memory.
/// </remarks>
internal static class ResidentMemory
{
    // Seven numbers of pages (proc(5)).
    private const int LongestLine = 256;

    private static readonly KernelFile? Statm = OperatingSystem.IsLinux() ? KernelFile.TryOpen("/proc/self/statm") : null;
    private static long _last;

    /// <summary>Reads it, in bytes. A system that does not tell it now is taken to have the value of the last call; 0 when there was none.</summary>
    public static long Read()
    {
        var read = Statm is not null ? Parse(Statm.Read(stackalloc byte[LongestLine])) : Environment.WorkingSet;
        if (read > 0)
        {
            Volatile.Write(ref _last, read);
        }

        return Volatile.Read(ref _last);
    }

    // The second number.
    private static long Parse(ReadOnlySpan<byte> line) =>
        Utf8Parser.TryParse(line[(line.IndexOf((byte)' ') + 1)..], out long pages, out _) ? pages * Environment.SystemPageSize : 0;
}
