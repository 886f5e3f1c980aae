namespace Registry.Core.Fairness;

/// <summary>
/// A number of slots, such as connections, for which the networks of the callers (<see cref="CurrentCaller"/>) take turns. One network leaves a quarter of four and more to
/// the others, which need not wait for the end of what takes long.
/// </summary>
/// <param name="count">Number of slots, at least 1.</param>
public sealed class TurnSlots(int count)
{
    private readonly Lock _lock = new();
    private readonly TurnQueue<Waiter> _waiting = new();
    private readonly Dictionary<ClientNetwork, int> _taken = [];
    private readonly int _mostOfNetwork = count - (count / 4);
    private int _free = count;

    /// <summary>Takes a slot, until the result is disposed.</summary>
    /// <param name="patience">Longest wait; infinite for any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The slot; null when the wait was too long.</returns>
    public async Task<IDisposable?> TakeAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var network = CurrentCaller.Network;
        Waiter waiter;
        lock (_lock)
        {
            if (_free > 0 && MayTake(network))
            {
                Take(network);
                return new Slot(this, network);
            }

            waiter = new Waiter(network);
            _waiting.Add(network, waiter);
        }

        try
        {
            await waiter.Turn.Task.WaitAsync(patience, cancellationToken);
            return new Slot(this, network);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            Leave(waiter);
            return e is TimeoutException ? null : throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
    }

    // The turn may have come meanwhile.
    private void Leave(Waiter waiter)
    {
        lock (_lock)
        {
            if (waiter.Turn.Task.IsCompleted)
            {
                Free(waiter.Network);
            }
            else
            {
                _waiting.Remove(waiter.Network, waiter);
            }
        }
    }

    private void Release(ClientNetwork network)
    {
        lock (_lock)
        {
            Free(network);
        }
    }

    private void Free(ClientNetwork network)
    {
        _free++;
        if (--_taken[network] == 0)
        {
            _taken.Remove(network);
        }

        if (_waiting.TryTake(out var next, MayTake))
        {
            Take(next.Network);
            next.Turn.SetResult();
        }
    }

    private bool MayTake(ClientNetwork network) => _taken.GetValueOrDefault(network) < _mostOfNetwork;

    private void Take(ClientNetwork network)
    {
        _free--;
        _taken[network] = _taken.GetValueOrDefault(network) + 1;
    }

    private sealed class Waiter(ClientNetwork network)
    {
        public ClientNetwork Network => network;

        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Slot(TurnSlots slots, ClientNetwork network) : IDisposable
    {
        private TurnSlots? _slots = slots;

        public void Dispose() => Interlocked.Exchange(ref _slots, null)?.Release(network);
    }
}
