using System.Collections.Concurrent;

namespace Registry.Core.Storage.Caching;

/// <summary>
/// A map that never holds more than so many bytes and so many entries. What has not been asked for since the last look goes first
/// ("second chance"). Asking takes no lock.
/// </summary>
/// <param name="maxBytes">The most that all entries may weigh together.</param>
/// <param name="maxEntries">The most entries, at least 1.</param>
internal sealed class BoundedCache<TKey, TValue>(long maxBytes, int maxEntries)
    where TKey : notnull
    where TValue : class
{
    private readonly ConcurrentDictionary<TKey, Entry> _entries = new();
    private readonly Queue<Entry> _candidates = new();
    private readonly Lock _changing = new();
    private long _bytes;

    /// <summary>How many entries there are.</summary>
    public int Count => _entries.Count;

    /// <summary>What they weigh together.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The value of a key; null when it is not here, or not any more.</summary>
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

    /// <summary>Keeps a value, in place of an earlier one, for as long as there is room.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="bytes">What key and value weigh. What is heavier than the whole cache is not kept.</param>
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
