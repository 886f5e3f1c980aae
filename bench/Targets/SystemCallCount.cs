using System.Globalization;
using System.Text.RegularExpressions;
using Registry.Bench.Peers;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Bench.Targets;

/// <summary>Counts system calls of a process with <c>strace -c</c>, which slows the process.</summary>
internal static partial class SystemCallCount
{
    private const string Program = "strace";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>True when strace is installed.</summary>
    public static bool IsAvailable => Programs.Find(Program) is not null;

    /// <summary>Counts the calls while the work runs.</summary>
    /// <param name="process">The process; all its threads count.</param>
    /// <param name="calls">Names of system calls.</param>
    /// <param name="work">The work.</param>
    public static long Of(int process, IEnumerable<string> calls, Action work)
    {
        using var folder = new TemporaryFolder("calls");
        var report = folder.File("report");
        var counting = BackgroundProcess.Start(
            Program, ["-f", "-c", "-U", "name,calls", "-e", $"trace={string.Join(',', calls)}", "-p", $"{process}", "-o", report]);
        try
        {
            counting.WaitForLineAsync(Attached(), Patience).GetAwaiter().GetResult();
            work();
            counting.TerminateAsync(Patience).GetAwaiter().GetResult();
        }
        finally
        {
            counting.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }

        return File.ReadLines(report).Select(line => Row().Match(line)).Where(row => row.Success && row.Groups["name"].Value != "total")
            .Sum(row => long.Parse(row.Groups["calls"].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("attached")]
    private static partial Regex Attached();

    [GeneratedRegex(@"^\s*(?<name>\w+)\s+(?<calls>\d+)\s*$")]
    private static partial Regex Row();
}
