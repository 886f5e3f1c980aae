using System.Collections.Concurrent;

namespace Registry.Core.Pulls;

/// <summary>
/// Times that are in memory until they are saved together, each the last one of its key. Noting a time again, or a later one, allocates nothing, and no caller waits.
/// </summary>
/// <typeparam name="TKey">What has the time.</typeparam>
/// <param name="most">Number of keys until the next save. Times of more are not noted.</param>
public sealed class NotedTimes<TKey>(int most)
    where TKey : notnull
{
    // Unix time in seconds, which a dictionary replaces in its place.
    private readonly ConcurrentDictionary<TKey, long> _times = new();
    private int _count;
    private int _isIncomplete;

    /// <summary>Number of keys, approximately.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>True if a time of the key is noted, and not saved yet.</summary>
    public bool Contains(TKey key) => _times.ContainsKey(key);

    /// <summary>Notes a time.</summary>
    public void Note(TKey key, DateTimeOffset time) => Note(key, time.ToUnixTimeSeconds());

    /// <summary>Takes all times, to save them.</summary>
    public List<KeyValuePair<TKey, DateTimeOffset>> Take()
    {
        var taken = new List<KeyValuePair<TKey, DateTimeOffset>>(Count);
        foreach (var key in _times.Keys)
        {
            if (_times.TryRemove(key, out var seconds))
            {
                Interlocked.Decrement(ref _count);
                taken.Add(new(key, DateTimeOffset.FromUnixTimeSeconds(seconds)));
            }
        }

        return taken;
    }

    /// <summary>Notes times again that could not be saved, unless others were noted since.</summary>
    public void Return(IEnumerable<KeyValuePair<TKey, DateTimeOffset>> taken)
    {
        ArgumentNullException.ThrowIfNull(taken);
        foreach (var (key, time) in taken)
        {
            Add(key, time.ToUnixTimeSeconds());
        }
    }

    /// <summary>True if a time was not noted since the last call, for there were too many.</summary>
    public bool TakeIncomplete() => Interlocked.Exchange(ref _isIncomplete, 0) == 1;

    private void Note(TKey key, long seconds)
    {
        if (!_times.TryGetValue(key, out var noted))
        {
            Add(key, seconds);
        }
        else if (noted != seconds)
        {
            // A save may have taken the key meanwhile; then it is added again.
            _times.TryUpdate(key, seconds, noted);
            if (!_times.ContainsKey(key))
            {
                Add(key, seconds);
            }
        }
    }

    private void Add(TKey key, long seconds)
    {
        if (Count >= most)
        {
            Volatile.Write(ref _isIncomplete, 1);
        }
        else if (_times.TryAdd(key, seconds))
        {
            Interlocked.Increment(ref _count);
        }
    }
}
