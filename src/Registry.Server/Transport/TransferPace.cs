using Registry.Core.Errors;
using Registry.Server.Configuration;

namespace Registry.Server.Transport;

/// <summary>
/// Distinguishes a peer that pauses from a slow one, by the bytes transferred in each second in which the server waits for it.
/// </summary>
/// <remarks>
/// A peer owes <see cref="ConnectionTimes.MinBytesPerSecond"/> for every second. It is slow when its debt exceeds
/// <see cref="ConnectionTimes.SlowGrace"/>. A pause (no bytes for longer than a sixth of the grace) does not raise the debt above five sixths of
/// the grace. So a pause alone does not make a peer slow; it ends the transfer only at the idle limit. A client that sends a byte now and then
/// cannot exploit this: the first seconds after each byte count in full, and soon use up the remaining sixth.
/// </remarks>
/// <param name="limits">The rate and the grace.</param>
/// <param name="idleTimeout">Longest time without any bytes.</param>
internal sealed class TransferPace(ConnectionTimes limits, TimeSpan idleTimeout)
{
    private double _owed;
    private int _silence;

    /// <summary>Records the bytes transferred in a second.</summary>
    /// <returns>Null while the peer is fast enough; otherwise the fault.</returns>
    public string? Beat(long bytes)
    {
        var grace = limits.SlowGrace.TotalSeconds;
        _silence = bytes > 0 ? 0 : _silence + 1;
        var owed = Math.Max(0, _owed + 1 - (bytes / limits.MinBytesPerSecond));
        _owed = _silence > grace / 6 ? Math.Max(_owed, Math.Min(owed, grace * 5 / 6)) : owed;
        return _silence >= idleTimeout.TotalSeconds ? $"nothing for {Count.Of((long)idleTimeout.TotalSeconds, "second")}"
            : _owed > grace ? $"less than {Count.Of((long)limits.MinBytesPerSecond, "byte")} a second for {Count.Of((long)grace, "second")}"
            : null;
    }

    /// <summary>Clears the debt.</summary>
    public void Reset() => (_owed, _silence) = (0, 0);
}
