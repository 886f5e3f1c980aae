using Registry.Core.Errors;

namespace Registry.Server.Memory;

/// <summary>
/// Limits the bytes of one kind that all requests together hold. A request reserves before it allocates, and waits or is refused when nothing is
/// left.
/// </summary>
/// <remarks>
/// Without contention, one caller may use everything but a reserve for callers that hold little: they need not wait until another gives way.
/// With contention, the room goes to the caller that holds the least, and the caller that holds the most gives way: one of its requests that has waited for its
/// client for longer than <see cref="Settled"/> is ended. So a caller that holds little is served however much another one takes, and a proxy behind which all
/// clients look like one caller is not limited to a small share.
/// </remarks>
/// <param name="limit">The limit, in bytes.</param>
/// <param name="time">The clock.</param>
/// <param name="onRefused">Called after refusals.</param>
/// <param name="maxWaiting">Largest number of requests that wait for room. Beyond it, the newest of the caller that would hold the most is refused at once.</param>
/// <param name="reserve">The part of the limit for callers that hold a quarter of it or less, in bytes.</param>
internal sealed class MemoryBudget(long limit, TimeProvider time, Action? onRefused = null, int maxWaiting = 1024, long reserve = 0)
{
    /// <summary>Time after which a request that waits for its client may have to give way. A client that means to send or read is done by then.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    /// <summary>Longest time for which a request waits for room.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(3);

    // Of the reserve: what one caller may take of it.
    private const int LittlePart = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<MemoryHolder, MemoryAccount> _accounts = [];
    private readonly List<Waiter> _waiting = [];
    private long _used;
    private long _leaving;
    private long _refused;

    /// <summary>Limit of all reservations, in bytes.</summary>
    public long Limit => limit;

    /// <summary>Bytes that callers may reserve who hold more than little.</summary>
    public long Shared => limit - reserve;

    /// <summary>Reserved bytes.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Number of requests that were refused or had to give way.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Time of the clock, as a timestamp.</summary>
    internal long Now => time.GetTimestamp();

    /// <summary>Begins a reservation, of nothing yet, for a request.</summary>
    public MemoryReservation Open(MemoryHolder holder) => new(this, holder);

    /// <summary>Adds bytes to a reservation, when there is room within a time limit.</summary>
    /// <returns>Null when the bytes are reserved; otherwise the error, which is also that of a reservation that has ended, or ends meanwhile.</returns>
    internal ValueTask<RegistryError?> ReserveAsync(MemoryReservation reservation, long bytes, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (TryReserve(reservation, bytes))
            {
                return default;
            }

            if (reservation.HasEnded)
            {
                return new ValueTask<RegistryError?>(RegistryErrorCode.MemoryUsed);
            }

            waiter = new Waiter(reservation, AccountOf(reservation), bytes);
            if (bytes <= limit)
            {
                _waiting.Add(waiter);
                ServeWaiting();
                DismissSurplus();
            }
        }

        return waiter.IsGranted ? default : WaitAsync(waiter, cancellationToken);
    }

    /// <summary>Adds bytes to a reservation, when there is room at once.</summary>
    internal bool TryReserve(MemoryReservation reservation, long bytes)
    {
        lock (_lock)
        {
            var hasRoom = !reservation.HasEnded && _waiting.Count == 0 && bytes <= RoomFor(reservation, bytes);
            if (hasRoom)
            {
                _ = AccountOf(reservation);
                Add(reservation, bytes);
            }

            return hasRoom;
        }
    }

    /// <summary>Takes bytes off a reservation.</summary>
    internal void Return(MemoryReservation reservation, long bytes)
    {
        lock (_lock)
        {
            Subtract(reservation, bytes);
            ServeWaiting();
        }
    }

    /// <summary>Ends a reservation, and its wait for more.</summary>
    internal void Close(MemoryReservation reservation)
    {
        lock (_lock)
        {
            // All accounts first: to continue a request takes memory, and the heap may be full.
            reservation.HasEnded = true;
            Subtract(reservation, reservation.Bytes);
            if (reservation.Account is { } account)
            {
                reservation.Account = null;
                account.Reservations.Remove(reservation);
                if (account.Reservations.Count == 0)
                {
                    _accounts.Remove(account.Holder);
                }
            }

            for (var i = _waiting.Count - 1; i >= 0; i--)
            {
                var waiter = _waiting[i];
                if (waiter.Reservation == reservation)
                {
                    _waiting.RemoveAt(i);
                    waiter.IsCounted = true;
                    waiter.Decide(isGranted: false);
                }
            }

            ServeWaiting();
        }
    }

    // Twice: what holds the room now may have settled by then.
    private async ValueTask<RegistryError?> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        foreach (var patience in (TimeSpan[])[Settled, MaxWait - Settled])
        {
            if (MakeRoom(waiter))
            {
                await Task.WhenAny(waiter.Decision, Task.Delay(patience, time, cancellationToken));
            }
        }

        lock (_lock)
        {
            _waiting.Remove(waiter);
            ServeWaiting();
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (waiter.IsGranted)
        {
            return null;
        }

        Count(waiter.IsCounted ? 0 : 1);
        return waiter.Account.Held > limit / 4 ? RegistryErrorCode.MemoryShareUsed : RegistryErrorCode.MemoryUsed;
    }

    // False when the request does not wait any more.
    private bool MakeRoom(Waiter waiter)
    {
        List<MemoryReservation> leaving = [];
        try
        {
            lock (_lock)
            {
                if (!_waiting.Contains(waiter))
                {
                    return false;
                }

                Choose(waiter, leaving);
            }

            foreach (var reservation in leaving)
            {
                // The request that gives way may continue on the thread that tells it.
                ThreadPool.UnsafeQueueUserWorkItem(
                    static leaving =>
                    {
                        if (!leaving.Reservation.TryLeave())
                        {
                            leaving.Budget.Stay(leaving.Reservation);
                        }
                    },
                    (Budget: this, Reservation: reservation),
                    preferLocal: false);
            }
        }
        catch (OutOfMemoryException)
        {
            // A request that is never told would count as leaving for ever, and no other would be chosen.
            foreach (var reservation in leaving)
            {
                Stay(reservation);
            }

            throw;
        }

        Count(leaving.Count);
        return true;
    }

    // Chooses requests that give way, until those that leave make room for all that wait up to this one.
    private void Choose(Waiter waiter, List<MemoryReservation> leaving)
    {
        var wanted = 0L;
        foreach (var other in _waiting)
        {
            wanted += other.Order <= waiter.Order ? other.Bytes : 0;
        }

        while (RoomFor(waiter.Reservation, waiter.Bytes) + _leaving < wanted && FindToLeave(waiter) is { } reservation)
        {
            leaving.Add(reservation);
            reservation.IsLeaving = true;
            reservation.Account!.Leaving += reservation.Bytes;
            _leaving += reservation.Bytes;
            if (_waiting.Find(other => other.Reservation == reservation) is { } waitsItself)
            {
                // It is counted with those that give way.
                _waiting.Remove(waitsItself);
                waitsItself.IsCounted = true;
                waitsItself.Decide(isGranted: false);
            }
        }
    }

    // A request that has just got from its client what it waited for.
    private void Stay(MemoryReservation reservation)
    {
        lock (_lock)
        {
            if (reservation is { IsLeaving: true, Account: { } account })
            {
                reservation.IsLeaving = false;
                account.Leaving -= reservation.Bytes;
                _leaving -= reservation.Bytes;
            }
        }
    }

    // The oldest of the caller that holds the most. A caller that holds no more than the waiting one would then hold need not give way.
    private MemoryReservation? FindToLeave(Waiter waiter)
    {
        var most = waiter.Order;
        MemoryReservation? found = null;
        foreach (var account in _accounts.Values)
        {
            if (account.Held - account.Leaving > most && account.FindSettled(time) is { } settled)
            {
                most = account.Held - account.Leaving;
                found = settled;
            }
        }

        return found;
    }

    // The caller that would hold the least comes first, and none passes it. Each is counted before it continues, which takes memory.
    private void ServeWaiting()
    {
        while (FirstWaiter() is { } next && next.Bytes <= RoomFor(next.Reservation, next.Bytes))
        {
            _waiting.Remove(next);
            Add(next.Reservation, next.Bytes);
            next.Decide(isGranted: true);
        }
    }

    private Waiter? FirstWaiter()
    {
        Waiter? first = null;
        foreach (var waiter in _waiting)
        {
            first = first is null || waiter.Order < first.Order ? waiter : first;
        }

        return first;
    }

    // Otherwise many requests of one caller would keep the place in which others wait.
    private void DismissSurplus()
    {
        while (_waiting.Count > maxWaiting)
        {
            var last = _waiting[^1];
            foreach (var waiter in _waiting)
            {
                last = waiter.Order >= last.Order ? waiter : last;
            }

            _waiting.Remove(last);
            last.Decide(isGranted: false);
        }
    }

    // A request that needs more than is shared has everything once nothing else is held.
    private long RoomFor(MemoryReservation reservation, long bytes)
    {
        var held = _accounts.TryGetValue(reservation.Holder, out var account) ? account.Held : 0;
        var maxUsed = held + bytes <= reserve / LittlePart || reservation.Bytes + bytes > Shared ? limit : Shared;
        return maxUsed - _used;
    }

    private MemoryAccount AccountOf(MemoryReservation reservation)
    {
        if (reservation.Account is { } known)
        {
            return known;
        }

        // An account without reservations would stay for ever, so it is added last: the heap may be full.
        var isNew = !_accounts.TryGetValue(reservation.Holder, out var account);
        account ??= new MemoryAccount(reservation.Holder);
        account.Reservations.Add(reservation);
        if (isNew)
        {
            _accounts.Add(reservation.Holder, account);
        }

        reservation.WaitsSince = time.GetTimestamp();
        return reservation.Account = account;
    }

    private void Add(MemoryReservation reservation, long bytes)
    {
        Interlocked.Add(ref _used, bytes);
        reservation.Bytes += bytes;
        reservation.Account!.Held += bytes;
        if (reservation.IsLeaving)
        {
            reservation.Account.Leaving += bytes;
            _leaving += bytes;
        }
    }

    private void Subtract(MemoryReservation reservation, long bytes)
    {
        if (reservation.Account is not { } account)
        {
            return;
        }

        Interlocked.Add(ref _used, -bytes);
        account.Held -= bytes;
        reservation.Bytes -= bytes;
        if (reservation.IsLeaving)
        {
            account.Leaving -= bytes;
            _leaving -= bytes;
        }
    }

    private void Count(int refused)
    {
        if (refused > 0)
        {
            Interlocked.Add(ref _refused, refused);
            onRefused?.Invoke();
        }
    }

    private sealed class Waiter(MemoryReservation reservation, MemoryAccount account, long bytes)
    {
        private readonly TaskCompletionSource<bool> _decision = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public MemoryReservation Reservation { get; } = reservation;

        public MemoryAccount Account { get; } = account;

        public long Bytes { get; } = bytes;

        /// <summary>What its caller would hold.</summary>
        public long Order => Account.Held + Bytes;

        public Task<bool> Decision => _decision.Task;

        public bool IsGranted => Decision is { IsCompleted: true, Result: true };

        /// <summary>True when the refusal is counted already, or is none.</summary>
        public bool IsCounted { get; set; }

        public void Decide(bool isGranted) => _decision.TrySetResult(isGranted);
    }
}
