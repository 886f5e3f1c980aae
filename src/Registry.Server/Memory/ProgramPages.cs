using System.Globalization;
using System.Runtime.InteropServices;

namespace Registry.Server.Memory;

/// <summary>Pages of the program file in memory.</summary>
internal static partial class ProgramPages
{
    // madvise(2).
    private const int DontNeed = 4;

    /// <summary>
    /// Returns the pages that only the start has needed to the system: its code, and the compressed tables from which NativeAOT makes the types, a third of the
    /// memory of an idle registry. They are as they are in the file, which the system keeps in its cache and maps again where a page is needed.
    /// </summary>
    public static void Release()
    {
        if (!OperatingSystem.IsLinux() || Environment.ProcessPath is not { } program)
        {
            return;
        }

        try
        {
            foreach (var (start, length) in FindUnchanged(File.ReadLines("/proc/self/smaps"), program))
            {
                // A failure costs the memory that they have.
                _ = Advise(start, length, DontNeed);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without /proc, they stay.
        }
    }

    /// <summary>Finds the mappings of a file of which no page differs from the file, and none can (proc_pid_smaps(5)).</summary>
    /// <param name="lines">The mappings. The line with the range and the file is followed by lines with a name and a value each.</param>
    /// <param name="file">Path of the file.</param>
    /// <returns>Their addresses and lengths in bytes.</returns>
    internal static IReadOnlyList<(nint Start, nuint Length)> FindUnchanged(IEnumerable<string> lines, string file)
    {
        var found = new List<(nint Start, nuint Length)>();
        (nint Start, nuint Length)? current = null;
        foreach (var line in lines)
        {
            var end = line.IndexOf(' ', StringComparison.Ordinal);
            if (end > 0 && line[end - 1] != ':')
            {
                current = line.EndsWith($" {file}", StringComparison.Ordinal) && line.AsSpan(end + 1).StartsWith("r-") ? ParseRange(line.AsSpan(0, end)) : null;
            }
            else if (current is { } range && line.StartsWith("Anonymous:", StringComparison.Ordinal))
            {
                // Relocated pages are private ones, and protected afterwards.
                if (line.AsSpan(end).Trim() is "0 kB")
                {
                    found.Add(range);
                }

                current = null;
            }
        }

        return found;
    }

    private static (nint Start, nuint Length)? ParseRange(ReadOnlySpan<char> text)
    {
        var dash = text.IndexOf('-');
        return dash > 0 && nint.TryParse(text[..dash], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var start)
            && nint.TryParse(text[(dash + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var last) && last > start
            ? (start, (nuint)(last - start))
            : null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);
}
