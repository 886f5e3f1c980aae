namespace Registry.Server.Transport;

/// <summary>Tells Kestrel, and all that wait for it, that a connection is closed. Their callbacks may block, so they do not run on the thread that closes.</summary>
internal sealed class ClosedSignal : IDisposable
{
    private readonly CancellationTokenSource _closed = new();

    /// <summary>Cancelled when the connection is closed.</summary>
    public CancellationToken Token => _closed.Token;

    /// <summary>Calls the callbacks.</summary>
    /// <returns>The exception of a callback; null for none.</returns>
    public Task<Exception?> FireAsync()
    {
        var fired = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(static state => state.Fired.SetResult(state.Signal.Cancel()), (Signal: this, Fired: fired), preferLocal: false);
        return fired.Task;
    }

    public void Dispose() => _closed.Dispose();

    private Exception? Cancel()
    {
        try
        {
            _closed.Cancel();
            return null;
        }
#pragma warning disable CA1031 // A failing callback must not keep the connection open.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }
    }
}
