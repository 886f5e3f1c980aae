using Registry.Core.Storage;

namespace Registry.Storage.Files;

/// <summary>
/// Writes rows of the database to files, in the background, when commits have added some. A failed write never fails a request: the row stays and is
/// tried again. The log has a line when the files fall behind, and one when they have caught up.
/// </summary>
/// <param name="hasWork">True when an earlier process has left rows.</param>
internal abstract class Follower(bool hasWork) : IAsyncDisposable
{
    private readonly WakeSignal _work = new(hasWork);
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>Reason why the files are behind the database; null if they are not.</summary>
    public string? Failure { get; private set; }

    /// <summary>Writes the remaining rows, and stops. Does nothing when it has stopped.</summary>
    /// <param name="cutOff">Ends the work: rows are left to the next start.</param>
    public async ValueTask StopAsync(CancellationToken cutOff)
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        await _loop;
        try
        {
            await FinishAsync(cutOff);
        }
        catch (OperationCanceledException)
        {
            LogCutShort();
        }

        _stopping.Dispose();
    }

    public ValueTask DisposeAsync() => StopAsync(CancellationToken.None);

    /// <summary>Starts the loop.</summary>
    protected void Begin() => _loop = Task.Run(LoopAsync);

    /// <summary>Wakes the loop: there is work. Does nothing after the end.</summary>
    protected void Wake() => _work.Set();

    /// <summary>Waits for work; false when the time is up.</summary>
    /// <exception cref="OperationCanceledException">The follower stops.</exception>
    protected Task<bool> WaitForWorkAsync(TimeSpan atMost) => _work.WaitAsync(atMost, _stopping.Token);

    /// <summary>Makes an attempt to write rows, and reports its result. Whatever fails, the files must not stay behind for ever.</summary>
    /// <param name="attempt">Returns the reason why rows are left; null if none are.</param>
    /// <returns>True unless it threw an exception.</returns>
    /// <exception cref="OperationCanceledException">The attempt was cancelled.</exception>
    protected async Task<bool> TryAsync(Func<Task<string?>> attempt)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        try
        {
            Report(await attempt());
            return true;
        }
#pragma warning disable CA1031 // The rows are still there, and are tried again.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            Report(e is StorageException ? e.Message : $"{e.GetType().Name}: {e.Message}");
            return false;
        }
    }

    /// <summary>Writes rows until it is cancelled.</summary>
    protected abstract Task RunAsync(CancellationToken stopping);

    /// <summary>Writes the remaining rows.</summary>
    /// <exception cref="OperationCanceledException">The work was cut off, and rows are left. Throws nothing else.</exception>
    protected abstract ValueTask FinishAsync(CancellationToken cutOff);

    protected abstract void LogBehind(string reason);

    protected abstract void LogCaughtUp();

    protected abstract void LogCutShort();

    /// <summary>Records the result of an attempt.</summary>
    /// <param name="failure">Reason why rows are left; null if none are.</param>
    protected void Report(string? failure)
    {
        if (failure is not null && Failure is null)
        {
            LogBehind(failure);
        }
        else if (failure is null && Failure is not null)
        {
            LogCaughtUp();
        }

        Failure = failure;
    }

    private async Task LoopAsync()
    {
        try
        {
            await RunAsync(_stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }
}
