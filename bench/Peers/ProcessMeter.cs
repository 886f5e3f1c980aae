using System.Globalization;
using System.Runtime.InteropServices;

namespace Registry.Bench.Peers;

/// <summary>Measures a server and its workers. Linux only.</summary>
internal sealed partial class ProcessMeter
{
    private const string ResetPeak = "5";

    // proc_pid_stat(5): the fields behind the name of the program.
    private const int Parent = 1;
    private const int Session = 3;

    private readonly int _field;
    private readonly int _leader;

    private ProcessMeter(int field, int leader) => (_field, _leader) = (field, leader);

    /// <summary>Measures all processes of a session: a server that was started in its own session.</summary>
    /// <param name="session">The process id of the session's leader.</param>
    public ProcessMeter(int session)
        : this(Session, session)
    {
    }

    /// <summary>Measures the processes that one has started, without those that have ended: those of PostgreSQL have sessions of their own.</summary>
    /// <param name="parent">The process id.</param>
    public static ProcessMeter OfChildren(int parent) => new(Parent, parent);

    /// <summary>
    /// Processor time so far, user and system, in seconds, of all threads, ended ones included. The process clock counts nanoseconds;
    /// /proc/PID/stat has the same figure in steps of 10 ms.
    /// </summary>
    public double CpuSeconds() => Processes().Sum(process =>
    {
        // MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of the kernel's posix-timers.h.
        if (ReadClock((~process << 3) | 2, out var time) != 0)
        {
            throw new InvalidOperationException($"The processor clock of process {process} cannot be read: error {Marshal.GetLastPInvokeError()}.");
        }

        return time.Seconds + (time.Nanoseconds / 1e9);
    });

    /// <summary>Current resident memory, in bytes.</summary>
    public long ResidentBytes() => Sum("VmRSS:");

    /// <summary>Peak of the resident memory since <see cref="ResetPeakBytes"/>, in bytes. Pages that workers share count once for each.</summary>
    public long PeakBytes() => Sum("VmHWM:");

    /// <summary>Resets the peak to the memory that is resident now.</summary>
    public void ResetPeakBytes()
    {
        foreach (var process in Processes())
        {
            File.WriteAllText($"/proc/{process}/clear_refs", ResetPeak);
        }
    }

    private long Sum(string field) => Processes().Sum(process =>
    {
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(field.Length).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture);
    });

    private List<int> Processes() =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => char.IsAsciiDigit(name![0]))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture)).Where(IsMeasured)];

    // pid (comm) state ppid pgrp session …; comm may hold spaces and parentheses.
    private bool IsMeasured(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] != "Z" && int.Parse(fields[_field], CultureInfo.InvariantCulture) == _leader;
        }
        catch (IOException)
        {
            // The process has ended meanwhile.
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ReadClock(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
