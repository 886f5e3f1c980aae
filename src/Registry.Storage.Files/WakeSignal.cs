namespace Registry.Storage.Files;

/// <summary>Wakes a loop that sleeps; a loop that is awake looks again before it sleeps.</summary>
/// <param name="isSet">True if the loop begins awake.</param>
#pragma warning disable CA1001 // A commit on another thread may still wake a loop that has ended. The semaphore has nothing to dispose without its wait handle.
internal sealed class WakeSignal(bool isSet)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _semaphore = new(isSet ? 1 : 0, 1);

    /// <summary>Wakes the loop. Returns at once.</summary>
    public void Set()
    {
        // Mostly it is set already, and an exception for each commit would be expensive.
        if (_semaphore.CurrentCount > 0)
        {
            return;
        }

        try
        {
            _semaphore.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another call came in between.
        }
    }

    /// <summary>Waits until the signal is set, and resets it; false when the time is up.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => _semaphore.WaitAsync(atMost, cancellationToken);
}
