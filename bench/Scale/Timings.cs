using System.Diagnostics;
using System.Globalization;

namespace Registry.Bench.Scale;

/// <summary>How long each of many repetitions took, and how often the kernel was asked to read something meanwhile.</summary>
/// <param name="Sorted">Milliseconds, in ascending order.</param>
/// <param name="Reads">System calls that read, a repetition; the client's request, read by the server, is among them.</param>
internal sealed record Timings(double[] Sorted, double Reads)
{
    /// <summary>Repeats something, after some repetitions that do not count.</summary>
    /// <param name="processId">The process whose system calls are counted.</param>
    /// <param name="count">How often.</param>
    /// <param name="warmups">How often before that.</param>
    /// <param name="work">What, by the number of the repetition, from 0, those that do not count included.</param>
    public static async Task<Timings> MeasureAsync(int processId, int count, int warmups, Func<int, Task> work)
    {
        for (var i = 0; i < warmups; i++)
        {
            await work(i);
        }

        var before = ReadCalls(processId);
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await work(warmups + i);
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        return new Timings([.. times.Order()], (ReadCalls(processId) - before) / (double)count);
    }

    public double Percentile(int p) => Sorted[Math.Min(Sorted.Length - 1, Sorted.Length * p / 100)];

    // proc(5), "/proc/pid/io".
    private static long ReadCalls(int processId) => long.Parse(
        File.ReadLines($"/proc/{processId}/io").Single(line => line.StartsWith("syscr: ", StringComparison.Ordinal))["syscr: ".Length..],
        CultureInfo.InvariantCulture);
}
