using Registry.Core.Access.Identities;
using Registry.Core.Fairness;

namespace Registry.Core.Access.Passwords;

/// <summary>
/// Bounded queue of password checks. Known users go before unknown ones; among either, networks take turns. Requests with the same password
/// share one check, and a check that no request waits for any more leaves the queue.
/// </summary>
/// <remarks>
/// A full queue refuses the newest check of the network with the most, whichever network asks, so that one network cannot keep the others out.
/// A known user takes the place of an unknown one.
/// </remarks>
internal sealed class PasswordQueue
{
    /// <summary>Largest number of waiting checks.</summary>
    public const int MaxWaiting = 64;

    private readonly object _lock = new();
    private readonly Dictionary<PasswordFingerprint, PasswordCheck> _open = [];
    private readonly TurnQueue<PasswordCheck> _known = new();
    private readonly TurnQueue<PasswordCheck> _unknown = new();
    private int _waiting;
    private bool _isClosed;

    /// <summary>Waits for the outcome of a check, or of the same check if one is waiting or running.</summary>
    /// <returns>True if the password is correct; null if too many checks wait, or the queue is closed.</returns>
    /// <exception cref="OperationCanceledException">The caller has gone away before the check began.</exception>
    public async ValueTask<bool?> WaitAsync(PasswordCheck check, ICaller caller)
    {
        var aborted = caller.Aborted;
        aborted.ThrowIfCancellationRequested();
        if (Add(check, caller.Network) is not { } waiter)
        {
            return null;
        }

        await using var leaving = aborted.UnsafeRegister(
            static (state, token) =>
            {
                var (queue, waiter) = ((PasswordQueue, PasswordCheck.Waiter))state!;
                queue.Leave(waiter, token);
            },
            (this, waiter));
        return await waiter.Task;
    }

    /// <summary>Takes the next check; blocks until there is one. Null when the queue is closed and empty.</summary>
    public PasswordCheck? Take()
    {
        lock (_lock)
        {
            PasswordCheck? check;
            while (!_known.TryTake(out check) && !_unknown.TryTake(out check))
            {
                if (_isClosed)
                {
                    return null;
                }

                Monitor.Wait(_lock);
            }

            LeaveQueue(check);
            return check;
        }
    }

    /// <summary>Gives the outcome of a check to the requests that wait for it.</summary>
    public void End(PasswordCheck check, bool isRight)
    {
        foreach (var waiter in Close(check))
        {
            waiter.TrySetResult(isRight);
        }
    }

    /// <summary>Fails the requests that wait for a check.</summary>
    public void End(PasswordCheck check, Exception fault)
    {
        foreach (var waiter in Close(check))
        {
            waiter.TrySetException(fault);
        }
    }

    /// <summary>Accepts no further checks.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.PulseAll(_lock);
        }
    }

    private PasswordCheck.Waiter? Add(PasswordCheck check, ClientNetwork network)
    {
        PasswordCheck? displaced = null;
        PasswordCheck.Waiter waiter;
        lock (_lock)
        {
            if (_isClosed)
            {
                return null;
            }

            var isNew = !_open.TryGetValue(check.Fingerprint, out var same);
            check = same ?? check;
            if (isNew && _waiting >= MaxWaiting && (displaced = FindLesser(check, network)) is null)
            {
                return null;
            }

            // All that allocates comes before the first change: the heap may be full, and a check that is open but in no queue would never end.
            waiter = new PasswordCheck.Waiter(check, network);
            check.Waiters.EnsureCapacity(check.Waiters.Count + 1);
            _open.EnsureCapacity(_open.Count + 1);
            if (!check.HasLeftQueue && !check.Waiters.Exists(other => other.Network == network))
            {
                QueueOf(check).Add(network, check);
            }

            check.Waiters.Add(waiter);
            if (displaced is not null)
            {
                LeaveQueue(displaced);
                _open.Remove(displaced.Fingerprint);
            }

            if (isNew)
            {
                _open.Add(check.Fingerprint, check);
                _waiting++;
                Monitor.Pulse(_lock);
            }
        }

        foreach (var refused in displaced?.Waiters ?? [])
        {
            refused.TrySetResult(null);
        }

        return waiter;
    }

    // The check that gives way to another one; null if that one must wait for a place itself.
    private PasswordCheck? FindLesser(PasswordCheck check, ClientNetwork network)
    {
        if (check.Hash is not null && _unknown.NewestOfTheMost(out _) is { } unknown)
        {
            return unknown;
        }

        var queue = QueueOf(check);
        return queue.NewestOfTheMost(out var most) is { } newest && most > queue.CountOf(network) + 1 ? newest : null;
    }

    // Nothing is left to decide when bcrypt has begun: its outcome is counted and logged even if no client waits for it.
    private void Leave(PasswordCheck.Waiter waiter, CancellationToken token)
    {
        var check = waiter.Check;
        lock (_lock)
        {
            if (check.HasLeftQueue || !check.Waiters.Remove(waiter))
            {
                return;
            }

            if (check.Waiters.Count == 0)
            {
                QueueOf(check).Remove(waiter.Network, check);
                _waiting--;
                _open.Remove(check.Fingerprint);
            }
            else if (!check.Waiters.Exists(other => other.Network == waiter.Network))
            {
                QueueOf(check).Remove(waiter.Network, check);
            }
        }

        waiter.TrySetCanceled(token);
    }

    private void LeaveQueue(PasswordCheck check)
    {
        foreach (var waiter in check.Waiters)
        {
            QueueOf(check).Remove(waiter.Network, check);
        }

        check.HasLeftQueue = true;
        _waiting--;
    }

    private List<PasswordCheck.Waiter> Close(PasswordCheck check)
    {
        lock (_lock)
        {
            _open.Remove(check.Fingerprint);
            return check.Waiters;
        }
    }

    private TurnQueue<PasswordCheck> QueueOf(PasswordCheck check) => check.Hash is null ? _unknown : _known;
}
