using System.Diagnostics.CodeAnalysis;

namespace Registry.Storage.Sqlite.Writer;

/// <summary>
/// Changes that wait for the writer. Light ones wait for one heavy change at most, however many there are and of however many clients: groups of
/// light changes and single heavy changes take turns. Among light ones as among heavy ones, repositories take turns.
/// </summary>
/// <remarks>A waiting thread sleeps at once; BlockingCollection would let it spin first, after each commit.</remarks>
internal sealed class WriteQueue
{
    private readonly object _lock = new();
    private readonly Lane _light = new();
    private readonly Lane _heavy = new();
    private bool _isHeavyNext;
    private bool _closed;

    /// <summary>Adds a change; false when the queue is closed.</summary>
    public bool TryAdd(SqliteMutation mutation)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            (mutation.Turn.IsHeavy ? _heavy : _light).Add(mutation);
            Monitor.Pulse(_lock);
            return true;
        }
    }

    /// <summary>Takes the first change of the next group, and waits for one; null when the queue is empty and closed.</summary>
    public SqliteMutation? Take()
    {
        lock (_lock)
        {
            while (_light.IsEmpty && _heavy.IsEmpty && !_closed)
            {
                Monitor.Wait(_lock);
            }

            var lane = (_isHeavyNext && !_heavy.IsEmpty) || _light.IsEmpty ? _heavy : _light;
            _isHeavyNext = lane == _light;
            return lane.Take();
        }
    }

    /// <summary>Takes a further change for a group of light ones.</summary>
    public bool TryTakeLight([NotNullWhen(true)] out SqliteMutation? mutation)
    {
        lock (_lock)
        {
            mutation = _light.Take();
            return mutation is not null;
        }
    }

    /// <summary>Refuses further changes.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            Monitor.Pulse(_lock);
        }
    }

    // The changes of each repository are a linked list, in order.
    private sealed class Lane
    {
        private readonly Dictionary<Core.Oci.RepositoryName, (SqliteMutation First, SqliteMutation Last)> _lines = [];
        private readonly Queue<Core.Oci.RepositoryName> _turns = new();

        public bool IsEmpty => _turns.Count == 0;

        public void Add(SqliteMutation mutation)
        {
            var name = mutation.Turn.Repository;
            if (_lines.TryGetValue(name, out var line))
            {
                line.Last.Next = mutation;
                _lines[name] = (line.First, mutation);
            }
            else
            {
                // Comes first: a line without a turn would never be written, and the heap may be full.
                _turns.EnsureCapacity(_turns.Count + 1);
                _lines.Add(name, (mutation, mutation));
                _turns.Enqueue(name);
            }
        }

        public SqliteMutation? Take()
        {
            if (!_turns.TryDequeue(out var name))
            {
                return null;
            }

            var (first, last) = _lines[name];
            if (first.Next is { } next)
            {
                first.Next = null;
                _lines[name] = (next, last);
                _turns.Enqueue(name);
            }
            else
            {
                _lines.Remove(name);
            }

            return first;
        }
    }
}
