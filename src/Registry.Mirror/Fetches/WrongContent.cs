using System.Collections.Concurrent;
using Registry.Core.Oci;

namespace Registry.Mirror.Fetches;

/// <summary>Digests for which an upstream has sent other bytes: there, they are not asked for again before a pause has passed, which doubles.</summary>
/// <param name="time">The clock.</param>
internal sealed class WrongContent(TimeProvider time)
{
    // An upstream with so many is broken as a whole. Then all are forgotten, and may be asked for again.
    private const int Most = 10_000;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<(string Upstream, Digest), Entry> _entries = new();

    /// <summary>Reason for which a digest is not asked for now; null if it may be.</summary>
    public string? Find(string upstream, Digest digest) =>
        _entries.TryGetValue((upstream, digest), out var entry) && time.GetElapsedTime(entry.At) < entry.Pause ? entry.Reason : null;

    /// <summary>Notes wrong bytes.</summary>
    public void Note(string upstream, Digest digest, string reason)
    {
        if (_entries.Count >= Most)
        {
            _entries.Clear();
        }

        var now = time.GetTimestamp();
        _entries.AddOrUpdate(
            (upstream, digest),
            _ => new Entry(reason, now, FirstPause),
            (_, before) => new Entry(reason, now, before.Pause * 2 < LongestPause ? before.Pause * 2 : LongestPause));
    }

    private sealed record Entry(string Reason, long At, TimeSpan Pause);
}
