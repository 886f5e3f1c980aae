using System.Diagnostics;

namespace Registry.Bench.Scale;

/// <summary>Times of many repetitions, and the processor time of a process meanwhile.</summary>
/// <param name="Sorted">Times in milliseconds, ascending.</param>
/// <param name="Cpu">Processor time for each repetition, user and system, in milliseconds.</param>
internal sealed record Timings(double[] Sorted, double Cpu)
{
    /// <summary>Repeats some work, after repetitions that do not count.</summary>
    /// <param name="processId">Process whose processor time is counted.</param>
    /// <param name="count">Number of repetitions.</param>
    /// <param name="warmups">Number of repetitions before that.</param>
    /// <param name="work">The work; its argument is the number of the repetition, from 0, including those that do not count.</param>
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
