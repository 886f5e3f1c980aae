using System.Collections.Concurrent;

namespace Registry.Torture.Nodes.Clients;

/// <summary>Number of answers of each kind that clients met during faults.</summary>
internal sealed class FaultCounts
{
    private readonly ConcurrentDictionary<int, int> _statuses = new();
    private int _lost;
    private int _timeouts;
    private int _begunAgain;
    private int _resumed;

    /// <summary>Counts an answer of a status.</summary>
    public void AddStatus(int status) => _statuses.AddOrUpdate(status, 1, static (_, count) => count + 1);

    /// <summary>Counts a broken connection.</summary>
    public void AddLost() => Interlocked.Increment(ref _lost);

    /// <summary>Counts an attempt that a client gave up.</summary>
    public void AddTimeout() => Interlocked.Increment(ref _timeouts);

    /// <summary>Counts an upload that began again.</summary>
    public void AddBegunAgain() => Interlocked.Increment(ref _begunAgain);

    /// <summary>Counts an upload that went on after a fault.</summary>
    public void AddResumed() => Interlocked.Increment(ref _resumed);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{string.Join(", ", _statuses.OrderBy(status => status.Key).Select(status => $"{status.Value} × {status.Key}").DefaultIfEmpty("no refusals"))}, "
        + $"{_lost} connections broken, {_timeouts} attempts given up, {_resumed} uploads resumed, {_begunAgain} begun again";
}
