using System.Diagnostics;

namespace Registry.Torture.Load;

/// <summary>Durations of requests, in milliseconds.</summary>
internal sealed class Latencies
{
    private readonly Lock _gate = new();
    private List<double> _all = [];

    /// <summary>Measures an operation that succeeds.</summary>
    public async Task<T> MeasureAsync<T>(Func<Task<T>> operation)
    {
        var start = Stopwatch.GetTimestamp();
        var result = await operation();
        var time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        lock (_gate)
        {
            _all.Add(time);
        }

        return result;
    }

    /// <summary>Takes the durations since the last call, sorted.</summary>
    public List<double> Take()
    {
        lock (_gate)
        {
            var taken = _all;
            _all = [];
            taken.Sort();
            return taken;
        }
    }

    /// <summary>A percentile of sorted durations; not a number without any.</summary>
    public static double Percentile(IReadOnlyList<double> sorted, int percent) =>
        sorted.Count == 0 ? double.NaN : sorted[Math.Min(sorted.Count - 1, sorted.Count * percent / 100)];
}
