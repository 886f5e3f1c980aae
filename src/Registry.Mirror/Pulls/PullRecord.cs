using System.Collections.Concurrent;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Pulls;

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

    private readonly NotedTimes<(RepositoryName Repository, Tag Tag)> _checks = new(Most);
    private readonly NotedTimes<(RepositoryName Repository, Digest Digest)> _pulls = new(Most);
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
        _checks.Note((repository, tag), now);
    }

    /// <summary>Notes a pull of a manifest.</summary>
    public void NotePull(RepositoryName repository, Digest digest) => _pulls.Note((repository, digest), time.GetUtcNow());

    /// <summary>Saves what was noted.</summary>
    public async Task SaveAsync()
    {
        var checks = _checks.Take();
        var pulls = _pulls.Take();
        if (checks.Count + pulls.Count == 0)
        {
            return;
        }

        try
        {
            await metadata.RecordAsync(
                checks.ConvertAll(check => new TagCheck(check.Key.Repository, check.Key.Tag, check.Value)),
                pulls.ConvertAll(pull => new ManifestPull(pull.Key.Repository, pull.Key.Digest, pull.Value)));
        }
        catch
        {
            _checks.Return(checks);
            _pulls.Return(pulls);
            throw;
        }
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
