namespace Registry.Bench.Wire;

/// <summary>Blocking work on several threads at once.</summary>
internal static class AtOnce
{
    /// <summary>Runs it on threads of their own and waits for all.</summary>
    /// <exception cref="AggregateException">What failed.</exception>
    public static void Run(int threads, Action<int> work) => Task.WaitAll(Enumerable.Range(0, threads).Select(i =>
        Task.Factory.StartNew(() => work(i), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
}
