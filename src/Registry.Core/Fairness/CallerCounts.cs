namespace Registry.Core.Fairness;

/// <summary>Counts what each caller has under way, so that none has more than a number of them.</summary>
/// <typeparam name="TKey">Caller, such as a user, or the network of an anonymous client.</typeparam>
/// <param name="most">Largest number of a caller.</param>
public sealed class CallerCounts<TKey>(int most)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, int> _counts = [];

    /// <summary>Counts one more; false if the caller has the most.</summary>
    public bool TryEnter(TKey caller)
    {
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

    /// <summary>Counts one less, of a caller who has one.</summary>
    public void Leave(TKey caller)
    {
        lock (_lock)
        {
            if (--_counts[caller] == 0)
            {
                _counts.Remove(caller);
            }
        }
    }
}
