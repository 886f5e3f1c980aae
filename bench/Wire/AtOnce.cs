namespace Registry.Bench.Wire;

/// <summary>Runs blocking work on several threads.</summary>
internal static class AtOnce
{
    /// <summary>Runs the work on separate threads and waits for all.</summary>
    /// <exception cref="AggregateException">The failures of the work.</exception>
    public static void Run(int threads, Action<int> work) => Task.WaitAll(Enumerable.Range(0, threads).Select(i =>
        Task.Factory.StartNew(() => work(i), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
}
