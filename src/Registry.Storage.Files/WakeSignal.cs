namespace Registry.Storage.Files;

/// <summary>Wakes a loop that sleeps; a loop that is awake looks again before it sleeps.</summary>
/// <param name="isSet">True if the loop begins awake.</param>
internal sealed class WakeSignal(bool isSet) : IDisposable
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

    public void Dispose() => _semaphore.Dispose();
}
