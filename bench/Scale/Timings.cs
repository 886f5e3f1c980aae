using System.Diagnostics;

namespace Registry.Bench.Scale;

/// <summary>How long each of many repetitions took, and what processor time a process spent meanwhile.</summary>
/// <param name="Sorted">Milliseconds, in ascending order.</param>
/// <param name="Cpu">Milliseconds of processor time, user and system, a repetition.</param>
internal sealed record Timings(double[] Sorted, double Cpu)
{
    /// <summary>Repeats something, after some repetitions that do not count.</summary>
    /// <param name="processId">The process whose processor time is counted.</param>
    /// <param name="count">How often.</param>
    /// <param name="warmups">How often before that.</param>
    /// <param name="work">What, by the number of the repetition, from 0, those that do not count included.</param>
    public static async Task<Timings> MeasureAsync(int processId, int count, int warmups, Func<int, Task> work)
    {
        for (var i = 0; i < warmups; i++)
        {
            await work(i);
        }

        using var process = Process.GetProcessById(processId);
        var before = process.TotalProcessorTime;
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await work(warmups + i);
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        process.Refresh();
        return new Timings([.. times.Order()], (process.TotalProcessorTime - before).TotalMilliseconds / count);
    }

    public double Percentile(int p) => Sorted[Math.Min(Sorted.Length - 1, Sorted.Length * p / 100)];
}
