using Registry.Server.Configuration;

namespace Registry.Server.Transport;

/// <summary>
/// Tells a peer that pauses from one that is slow, by what passes each second in which the server waits for it.
/// </summary>
/// <remarks>
/// A peer owes <see cref="ConnectionLimits.MinBytesPerSecond"/> for every second. It is slow when it owes more than
/// <see cref="ConnectionLimits.SlowGrace"/>. A pause, in which nothing passes for longer than a sixth of the grace, does not raise the debt above
/// five sixths of it: a pause alone makes no peer slow, and ends the transfer only at the idle limit. A client that trickles, a byte now and
/// then, does not get out of its debt that way: the first seconds after each byte count in full, and the sixth that is left is soon used up.
/// </remarks>
/// <param name="limits">The rate and the grace.</param>
/// <param name="idleTimeout">How long nothing may pass.</param>
internal sealed class TransferPace(ConnectionLimits limits, TimeSpan idleTimeout)
{
    private double _owed;
    private int _silence;

    /// <summary>Takes what has passed in a second.</summary>
    /// <returns>Null while the peer may go on, or what is wrong with it.</returns>
    public string? Beat(long bytes)
    {
        var grace = limits.SlowGrace.TotalSeconds;
        _silence = bytes > 0 ? 0 : _silence + 1;
        var owed = Math.Max(0, _owed + 1 - (bytes / limits.MinBytesPerSecond));
        _owed = _silence > grace / 6 ? Math.Max(_owed, Math.Min(owed, grace * 5 / 6)) : owed;
        return _silence >= idleTimeout.TotalSeconds ? $"nothing for {idleTimeout.TotalSeconds:0} seconds"
            : _owed > grace ? $"less than {limits.MinBytesPerSecond:0} bytes a second for {grace:0} seconds"
            : null;
    }

    /// <summary>Forgets what is owed.</summary>
    public void Reset() => (_owed, _silence) = (0, 0);
}
