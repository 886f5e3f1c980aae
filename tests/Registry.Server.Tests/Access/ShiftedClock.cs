namespace Registry.Server.Tests.Access;

/// <summary>
/// System clock that can be set forward, so that tokens expire while periodic tasks still run in real time. A stopped clock would have to run
/// every period in the months of a refresh token's lifetime.
/// </summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long _shift;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Volatile.Read(ref _shift));

    public void Advance(TimeSpan time) => Interlocked.Add(ref _shift, time.Ticks);
}
