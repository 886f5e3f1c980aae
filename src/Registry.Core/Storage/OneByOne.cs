namespace Registry.Core.Storage;

/// <summary>Runs pieces of work one after the other, in the order in which they were given.</summary>
internal sealed class OneByOne
{
    private Task _last = Task.CompletedTask;

    /// <summary>Runs a piece of work when all before it have ended.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> run)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = Interlocked.Exchange(ref _last, ended.Task);
        try
        {
            await before;
            return await run();
        }
        finally
        {
            ended.SetResult();
        }
    }
}
