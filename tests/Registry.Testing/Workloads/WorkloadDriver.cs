using System.Diagnostics;

namespace Registry.Testing.Workloads;

/// <summary>Minimal driver. Concurrent users repeat a workload for a duration, or up to a number of iterations each.</summary>
public static class WorkloadDriver
{
    /// <summary>Runs a prepared workload.</summary>
    /// <param name="workload">The workload.</param>
    /// <param name="client">A client whose base address is the registry.</param>
    /// <param name="users">Number of concurrent users.</param>
    /// <param name="duration">Time after which no iteration begins.</param>
    /// <param name="iterations">Largest number of iterations of a user.</param>
    public static async Task<WorkloadResult> RunAsync(
        IWorkload workload, HttpClient client, int users, TimeSpan duration, int iterations = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(workload);
        var clock = Stopwatch.StartNew();
        var all = await Task.WhenAll(Enumerable.Range(0, users).Select(user => UserAsync(workload, client, user, clock, duration, iterations)));
        return new WorkloadResult(
            clock.Elapsed,
            [.. all.SelectMany(one => one.Milliseconds).Order()],
            all.Sum(one => one.Bytes),
            [.. all.SelectMany(one => one.Failures)]);
    }

    private static async Task<(List<double> Milliseconds, long Bytes, List<string> Failures)> UserAsync(
        IWorkload workload, HttpClient client, int user, Stopwatch clock, TimeSpan duration, int iterations)
    {
        await Task.Yield();
        var milliseconds = new List<double>();
        var failures = new List<string>();
        var bytes = 0L;
        for (var i = 0; i < iterations && clock.Elapsed < duration; i++)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                bytes += await workload.RunAsync(client, user, i);
                milliseconds.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
            catch (Exception e) when (e is WorkloadException or HttpRequestException or IOException or OperationCanceledException)
            {
                failures.Add(e.Message);
            }
        }

        return (milliseconds, bytes, failures);
    }
}
