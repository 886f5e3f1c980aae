using Registry.Core.Fairness;

namespace Registry.Mirror.Fetches;

/// <summary>Counts what each caller has under way: a user, or the network of an anonymous client.</summary>
/// <param name="most">Largest number of a caller.</param>
internal sealed class CallerCounts(int most)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string?, ClientNetwork), int> _counts = [];

    /// <summary>Counts one more; false if the caller has the most.</summary>
    public bool TryEnter(string? user, ClientNetwork network)
    {
        var caller = CallerOf(user, network);
        lock (_lock)
        {
            var count = _counts.GetValueOrDefault(caller);
            if (count >= most)
            {
                return false;
            }

            _counts[caller] = count + 1;
            return true;
        }
    }

    /// <summary>Counts one less.</summary>
    public void Leave(string? user, ClientNetwork network)
    {
        var caller = CallerOf(user, network);
        lock (_lock)
        {
            if (--_counts[caller] == 0)
            {
                _counts.Remove(caller);
            }
        }
    }

    private static (string?, ClientNetwork) CallerOf(string? user, ClientNetwork network) => (user, user is null ? network : default);
}
