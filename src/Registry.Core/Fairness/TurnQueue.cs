using System.Diagnostics.CodeAnalysis;

namespace Registry.Core.Fairness;

/// <summary>
/// Queue in which networks take turns: each turn takes the oldest item of the network that has waited longest for its turn. A network with many
/// items delays another one by one item. Not thread-safe.
/// </summary>
internal sealed class TurnQueue<T>
    where T : class
{
    private readonly Dictionary<ClientNetwork, List<T>> _items = [];
    private readonly LinkedList<ClientNetwork> _turns = new();

    /// <summary>Number of items.</summary>
    public int Count { get; private set; }

    /// <summary>Number of items of a network.</summary>
    public int CountOf(ClientNetwork network) => _items.TryGetValue(network, out var items) ? items.Count : 0;

    /// <summary>Adds an item behind those of its network. A network without items is the last in turn.</summary>
    public void Add(ClientNetwork network, T item)
    {
        if (!_items.TryGetValue(network, out var items))
        {
            _items.Add(network, items = []);
            _turns.AddLast(network);
        }

        items.Add(item);
        Count++;
    }

    /// <summary>Takes the item whose turn it is; false if there is none.</summary>
    public bool TryTake([NotNullWhen(true)] out T? item)
    {
        if (_turns.First is not { } turn)
        {
            item = null;
            return false;
        }

        _turns.RemoveFirst();
        _turns.AddLast(turn);
        item = _items[turn.Value][0];
        Remove(turn.Value, item);
        return true;
    }

    /// <summary>Removes an item, if it is still there.</summary>
    public void Remove(ClientNetwork network, T item)
    {
        if (!_items.TryGetValue(network, out var items) || !items.Remove(item))
        {
            return;
        }

        Count--;
        if (items.Count == 0)
        {
            _items.Remove(network);
            _turns.Remove(network);
        }
    }

    /// <summary>Returns the newest item of the network with the most items; null if there is none.</summary>
    /// <param name="count">Number of items of that network.</param>
    public T? NewestOfTheMost(out int count)
    {
        var most = _items.Values.MaxBy(items => items.Count);
        count = most?.Count ?? 0;
        return most?[^1];
    }
}
