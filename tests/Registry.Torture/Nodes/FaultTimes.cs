using System.Diagnostics;

namespace Registry.Torture.Nodes;

/// <summary>When a node or a store had faults, to tell which answers they explain.</summary>
internal sealed class FaultTimes
{
    // Time after a fault in which its consequences may be seen: nginx leaves a node alone for 10 s, the circuit of a bucket pauses for 5 s, and a node that was killed
    // holds its uploads for 15 s.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private int _active;
    private long? _lastEnd;

    /// <summary>Notes the beginning of a fault.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            _active++;
        }
    }

    /// <summary>Notes the end of a fault.</summary>
    public void End()
    {
        lock (_lock)
        {
            _active--;
            _lastEnd = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>True if a fault may explain what happened between a moment and now.</summary>
    /// <param name="since">The moment, a timestamp of <see cref="Stopwatch"/>.</param>
    public bool Explain(long since)
    {
        lock (_lock)
        {
            return _active > 0 || (_lastEnd is { } end && Stopwatch.GetElapsedTime(end, since) < Aftermath);
        }
    }

    /// <summary>Forgets faults whose consequences are over.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _lastEnd = null;
        }
    }
}
