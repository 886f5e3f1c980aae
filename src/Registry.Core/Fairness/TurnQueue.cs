using System.Diagnostics.CodeAnalysis;

namespace Registry.Core.Fairness;

/// <summary>
/// Queue in which networks take turns: each turn takes the oldest item of the network that has waited longest for its turn. A network with many
/// items delays another one by one item. Not thread-safe.
/// </summary>
internal sealed class TurnQueue<T>
    where T : class
{
    private readonly Dictionary<ClientNetwork, Line> _lines = [];
    private readonly LinkedList<ClientNetwork> _turns = new();

    /// <summary>Number of items.</summary>
    public int Count { get; private set; }

    /// <summary>Number of items of a network.</summary>
    public int CountOf(ClientNetwork network) => _lines.TryGetValue(network, out var line) ? line.Items.Count : 0;

    /// <summary>Adds an item behind those of its network. A network without items is the last in turn.</summary>
    /// <exception cref="OutOfMemoryException">The queue is unchanged.</exception>
    public void Add(ClientNetwork network, T item)
    {
        var isNew = !_lines.TryGetValue(network, out var line);
        line ??= new Line(network);

        // Each step that allocates comes before the steps that need it: a turn without a line, or a line without items, would stop the queue for good.
        line.Items.Add(item);
        if (isNew)
        {
            _lines.Add(network, line);
            _turns.AddLast(line.Turn);
        }

        Count++;
    }

    /// <summary>Takes the item whose turn it is; false if there is none.</summary>
    /// <param name="item">The item.</param>
    /// <param name="mayTake">False for a network whose turn is skipped, without losing its place; null if none is.</param>
    public bool TryTake([NotNullWhen(true)] out T? item, Func<ClientNetwork, bool>? mayTake = null)
    {
        for (var turn = _turns.First; turn is not null; turn = turn.Next)
        {
            if (mayTake is null || mayTake(turn.Value))
            {
                _turns.Remove(turn);
                _turns.AddLast(turn);
                var line = _lines[turn.Value];
                item = line.Items[0];
                RemoveAt(line, 0);
                return true;
            }
        }

        item = null;
        return false;
    }

    /// <summary>Removes an item, if it is still there.</summary>
    public void Remove(ClientNetwork network, T item)
    {
        if (_lines.TryGetValue(network, out var line) && line.Items.IndexOf(item) is >= 0 and var index)
        {
            RemoveAt(line, index);
        }
    }

    /// <summary>Returns the newest item of the network with the most items; null if there is none.</summary>
    /// <param name="count">Number of items of that network.</param>
    public T? NewestOfTheMost(out int count)
    {
        var most = _lines.Values.MaxBy(line => line.Items.Count)?.Items;
        count = most?.Count ?? 0;
        return most?[^1];
    }

    private void RemoveAt(Line line, int index)
    {
        line.Items.RemoveAt(index);
        Count--;
        if (line.Items.Count == 0)
        {
            _lines.Remove(line.Turn.Value);
            _turns.Remove(line.Turn);
        }
    }

    private sealed class Line(ClientNetwork network)
    {
        public LinkedListNode<ClientNetwork> Turn { get; } = new(network);

        public List<T> Items { get; } = [];
    }
}
