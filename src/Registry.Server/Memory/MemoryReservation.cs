using Registry.Core.Errors;

namespace Registry.Server.Memory;

/// <summary>Bytes of a <see cref="MemoryBudget"/> that one request holds until it is disposed.</summary>
internal sealed class MemoryReservation(MemoryBudget budget, MemoryHolder holder) : IDisposable
{
    private readonly Lock _lock = new();
    private volatile Action? _giveWay;

    /// <summary>The caller of the request.</summary>
    public MemoryHolder Holder { get; } = holder;

    /// <summary>Reserved bytes.</summary>
    public long Bytes { get; internal set; }

    /// <summary>
    /// Ends the request so that it returns its bytes; null while the request does not wait for its client, and so ends by itself. Not called after the
    /// reservation has ended.
    /// </summary>
    public Action? GiveWay
    {
        get => _giveWay;
        set
        {
            lock (_lock)
            {
                _giveWay = value;
            }
        }
    }

    /// <summary>The account of the caller; null before the first byte and after the end.</summary>
    internal MemoryAccount? Account { get; set; }

    /// <summary>Time since which the request may have to give way, as a timestamp of the clock: that of the first reserved byte, or of the last wait.</summary>
    internal long WaitsSince { get; set; }

    /// <summary>True after the end. Nothing more is reserved.</summary>
    internal bool HasEnded { get; set; }

    /// <summary>True when the request was chosen to give way.</summary>
    internal bool IsLeaving { get; set; }

    /// <summary>Reserves further bytes. Waits for a few seconds when nothing is left.</summary>
    /// <param name="bytes">Number of bytes.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>Null when the bytes are reserved; otherwise the error.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public ValueTask<RegistryError?> AddAsync(long bytes, CancellationToken cancellationToken) => budget.ReserveAsync(this, bytes, cancellationToken);

    /// <summary>Reserves further bytes, when there is room at once.</summary>
    public bool TryAdd(long bytes) => budget.TryReserve(this, bytes);

    /// <summary>The request begins to wait for its client, and may have to give way when the wait is long. It sets <see cref="GiveWay"/> to null afterwards.</summary>
    /// <param name="giveWay">Value of <see cref="GiveWay"/>.</param>
    public void Wait(Action giveWay)
    {
        WaitsSince = budget.Now;
        GiveWay = giveWay;
    }

    /// <summary>Returns all but a number of bytes.</summary>
    public void ShrinkTo(long bytes) => budget.Return(this, Math.Max(0, Bytes - bytes));

    public void Dispose()
    {
        GiveWay = null;
        budget.Close(this);
    }

    /// <summary>Calls <see cref="GiveWay"/>. The end of the reservation waits for the call.</summary>
    /// <returns>False when the request does not wait for its client any more.</returns>
    internal bool TryLeave()
    {
        lock (_lock)
        {
            _giveWay?.Invoke();
            return _giveWay is not null;
        }
    }
}
