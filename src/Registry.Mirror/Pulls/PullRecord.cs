using System.Collections.Concurrent;
using Registry.Core.Mirroring;
using Registry.Core.Oci;

namespace Registry.Mirror.Pulls;

/// <summary>
/// Times of pulls, and of questions to upstreams about tags. They are in memory first, and saved together from time to time: a kill loses a minute of them, after which a tag is asked for
/// again, and an image counts as pulled a minute earlier.
/// </summary>
/// <param name="metadata">Keeps them.</param>
/// <param name="time">The clock.</param>
internal sealed class PullRecord(IMirrorMetadata metadata, TimeProvider time)
{
    // Of each kind until the next save. Times of more are not kept, as after a kill.
    private const int Most = 10_000;

    private readonly ConcurrentDictionary<(RepositoryName, Tag), DateTimeOffset> _checks = new();
    private readonly ConcurrentDictionary<(RepositoryName, Digest), DateTimeOffset> _pulls = new();
    private readonly ConcurrentDictionary<(RepositoryName, Tag), DateTimeOffset> _known = new();

    /// <summary>Time of the last answer about a tag; null if there was none.</summary>
    public async ValueTask<DateTimeOffset?> FindCheckAsync(RepositoryName repository, Tag tag)
    {
        if (_known.TryGetValue((repository, tag), out var known))
        {
            return known;
        }

        var found = await metadata.FindCheckAsync(repository, tag);
        if (found is { } checkedAt)
        {
            Remember(repository, tag, checkedAt);
        }

        return found;
    }

    /// <summary>Notes an answer about a tag.</summary>
    public void NoteCheck(RepositoryName repository, Tag tag)
    {
        var now = time.GetUtcNow();
        Remember(repository, tag, now);
        if (_checks.Count < Most)
        {
            _checks[(repository, tag)] = now;
        }
    }

    /// <summary>Notes a pull of a manifest.</summary>
    public void NotePull(RepositoryName repository, Digest digest)
    {
        if (_pulls.Count < Most)
        {
            _pulls[(repository, digest)] = time.GetUtcNow();
        }
    }

    /// <summary>Saves what was noted.</summary>
    public async Task SaveAsync()
    {
        var checks = Take(_checks, (key, at) => new TagCheck(key.Item1, key.Item2, at));
        var pulls = Take(_pulls, (key, at) => new ManifestPull(key.Item1, key.Item2, at));
        if (checks.Count + pulls.Count == 0)
        {
            return;
        }

        try
        {
            await metadata.RecordAsync(checks, pulls);
        }
        catch
        {
            checks.ForEach(check => _checks.TryAdd((check.Repository, check.Tag), check.Time));
            pulls.ForEach(pull => _pulls.TryAdd((pull.Repository, pull.Digest), pull.Time));
            throw;
        }
    }

    private static List<T> Take<TKey, T>(ConcurrentDictionary<TKey, DateTimeOffset> noted, Func<TKey, DateTimeOffset, T> create)
        where TKey : notnull
    {
        var taken = new List<T>();
        foreach (var key in noted.Keys)
        {
            if (noted.TryRemove(key, out var at))
            {
                taken.Add(create(key, at));
            }
        }

        return taken;
    }

    private void Remember(RepositoryName repository, Tag tag, DateTimeOffset at)
    {
        if (_known.Count >= Most)
        {
            _known.Clear();
        }

        _known[(repository, tag)] = at;
    }
}
