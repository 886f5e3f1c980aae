namespace Registry.Server.Memory;

/// <summary>What one caller holds of a <see cref="MemoryBudget"/>, which guards it.</summary>
internal sealed class MemoryAccount(MemoryHolder holder)
{
    public MemoryHolder Holder { get; } = holder;

    /// <summary>Reservations, the oldest first.</summary>
    public List<MemoryReservation> Reservations { get; } = [];

    public long Held { get; set; }

    /// <summary>The part of <see cref="Held"/> whose requests are giving way.</summary>
    public long Leaving { get; set; }

    public MemoryReservation? FindSettled(TimeProvider time) => Reservations.Find(reservation =>
        !reservation.IsLeaving && reservation.Bytes > 0 && reservation.GiveWay is not null && time.GetElapsedTime(reservation.WaitsSince) >= MemoryBudget.Settled);
}
