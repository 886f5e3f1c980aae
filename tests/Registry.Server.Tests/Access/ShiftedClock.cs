namespace Registry.Server.Tests.Access;

/// <summary>
/// The system's clock, put forward at will: tokens expire, and what happens every so often still happens in real time. A clock that stands
/// still would have to make up for every tick of the months that a refresh token lives.
/// </summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long _shift;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Volatile.Read(ref _shift));

    public void Advance(TimeSpan time) => Interlocked.Add(ref _shift, time.Ticks);
}
