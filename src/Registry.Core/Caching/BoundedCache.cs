using System.Collections.Concurrent;

namespace Registry.Core.Caching;

/// <summary>
/// A map with a limit on its bytes and entries. It first evicts entries that were not read since the last eviction ("second chance"). Reading
/// takes no lock.
/// </summary>
/// <param name="maxBytes">Limit on the weight of all entries.</param>
/// <param name="maxEntries">Limit on the number of entries, at least 1.</param>
public sealed class BoundedCache<TKey, TValue>(long maxBytes, int maxEntries)
    where TKey : notnull
    where TValue : class
{
    private readonly ConcurrentDictionary<TKey, Entry> _entries = new();
    private readonly Queue<Entry> _candidates = new();
    private readonly Lock _changing = new();
    private long _bytes;

    /// <summary>Number of entries.</summary>
    public int Count => _entries.Count;

    /// <summary>Weight of all entries.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Finds the value of a key; null if it is not in the cache.</summary>
    public TValue? Find(TKey key)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            return null;
        }

        if (!entry.IsUsed)
        {
            entry.IsUsed = true;
        }

        return entry.Value;
    }

    /// <summary>Stores a value, in place of an earlier one.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="bytes">Weight of the key and the value. An entry heavier than the whole cache is not stored.</param>
    public void Set(TKey key, TValue value, long bytes)
    {
        if (bytes > maxBytes)
        {
            return;
        }

        lock (_changing)
        {
            if (_entries.TryGetValue(key, out var entry))
            {
                _bytes += bytes - entry.Bytes;
                entry.Value = value;
                entry.Bytes = bytes;
            }
            else
            {
                entry = new Entry(key, value, bytes);
                _entries[key] = entry;
                _candidates.Enqueue(entry);
                _bytes += bytes;
            }

            while (_bytes > maxBytes || _candidates.Count > maxEntries)
            {
                EvictOne();
            }
        }
    }

    private void EvictOne()
    {
        var candidate = _candidates.Dequeue();
        while (candidate.IsUsed)
        {
            candidate.IsUsed = false;
            _candidates.Enqueue(candidate);
            candidate = _candidates.Dequeue();
        }

        _entries.TryRemove(candidate.Key, out _);
        _bytes -= candidate.Bytes;
    }

    private sealed class Entry(TKey key, TValue value, long bytes)
    {
        private volatile TValue _value = value;
        private volatile bool _isUsed;

        public TKey Key { get; } = key;

        public TValue Value
        {
            get => _value;
            set => _value = value;
        }

        public bool IsUsed
        {
            get => _isUsed;
            set => _isUsed = value;
        }

        public long Bytes { get; set; } = bytes;
    }
}
