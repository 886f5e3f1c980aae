using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Collection;

/// <summary>
/// Walks through the stored bytes in steps and looks for bytes that the metadata does not know: a process was killed between the rename of a file
/// and the commit, or the file was put there by other means. Removes bytes that two rounds have found, a grace period apart, unless the tree
/// links to them: then the metadata is wrong, not the bytes.
/// </summary>
/// <remarks>
/// Live content is safe for these reasons. A caller that stores bytes holds the fence of their digest until the metadata knows them, and bytes
/// are removed within that fence after another check of the metadata. Links in the tree are looked up before. A later link is written after the
/// commit of a change, so the metadata knows its blob. Without <c>links</c> there is nothing to look for, and the bytes are not listed.
/// </remarks>
public sealed partial class UnknownBlobSweep(
    IBlobStore blobs,
    ICollectorMetadata metadata,
    ILinkSearch? links,
    StorageThreads threads,
    IGraceClock clock,
    TimeSpan grace,
    ILogger<UnknownBlobSweep> logger)
{
    // This many names are read and looked up in a few milliseconds: a million blobs take a day.
    private const int StepSize = 1000;

    // Number of digests that a round remembers. More are no accident, and the next rounds find the rest.
    private const int MaxFound = 10_000;

    private readonly HashSet<Digest> _linked = [];
    private HashSet<Digest> _foundBefore = [];
    private HashSet<Digest> _found = [];
    private bool _isUnderWay;
    private BlobPlace? _position;
    private long _passed;
    private long _unknown;
    private long _restsUntil;
    private bool _isImplausible;

    /// <summary>Walks one step. A round begins one grace period after the last one has ended.</summary>
    /// <returns>Number of removed blobs.</returns>
    public async Task<int> StepAsync(CancellationToken cancellationToken)
    {
        if (!_isUnderWay && clock.Now < _restsUntil)
        {
            return 0;
        }

        if (!await PassAsync(cancellationToken))
        {
            return 0;
        }

        var due = _found.Where(_foundBefore.Contains).ToList();
        _restsUntil = clock.Now + (long)grace.TotalSeconds;
        (_foundBefore, _found) = (_found, []);
        return IsPlausible(_unknown, _passed) ? await RemoveAsync(due, cancellationToken) : 0;
    }

    /// <summary>Walks one complete round, without remembering the result.</summary>
    /// <returns>
    /// Blobs that the metadata does not know, up to a limit; their number, including those above the limit; and the number of all blobs.
    /// </returns>
    public Task<(IReadOnlyList<Digest> Found, long Unknown, long Passed)> FindAsync(CancellationToken cancellationToken) =>
        FindAsync(null, cancellationToken);

    /// <summary>Walks one complete round, and reports the number of blobs passed so far.</summary>
    public async Task<(IReadOnlyList<Digest> Found, long Unknown, long Passed)> FindAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        Begin();
        while (!await PassAsync(cancellationToken))
        {
            progress?.Report(_passed);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return ([.. _found], _unknown, _passed);
    }

    /// <summary>Removes the blobs that neither the metadata knows nor the tree links to.</summary>
    /// <returns>Number of removed blobs.</returns>
    public async Task<int> RemoveAsync(IReadOnlyCollection<Digest> unknown, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(unknown);
        var linked = await FindLinkedAsync(unknown, cancellationToken);
        using var removal = unknown.Count == 0 ? null : await blobs.TryBeginRemovalAsync(cancellationToken);
        if (removal is null)
        {
            // A backup is in progress, and the next round finds them again.
            return 0;
        }

        var removed = 0;
        foreach (var digest in unknown.Where(digest => !linked.ContainsKey(digest)))
        {
            await using var fence = await blobs.FenceAsync(digest, cancellationToken);
            if ((await metadata.FindUnknownAsync([digest])).Count > 0)
            {
                await blobs.DeleteAsync([digest], cancellationToken);
                removed++;
                LogRemoved(digest.Value);
            }
        }

        if (removed > 0)
        {
            LogRemovedAll(removed);
        }

        return removed;
    }

    /// <summary>Finds those digests that the tree may link to, each with the place of a link. Logs each digest once.</summary>
    public async Task<IReadOnlyDictionary<Digest, string>> FindLinkedAsync(
        IReadOnlyCollection<Digest> unknown, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(unknown);
        if (unknown.Count == 0)
        {
            return new Dictionary<Digest, string>();
        }

        var linked = await threads.RunAsync(() => links!.Find(unknown, cancellationToken));
        var news = linked.Where(link => _linked.Count < MaxFound && _linked.Add(link.Key)).ToList();
        if (news.Count > 0)
        {
            LogLinked(news.Count, news[0].Key.Value, news[0].Value);
        }

        return linked;
    }

    // Continues from the position, or from the beginning; true at the end of the round.
    private async Task<bool> PassAsync(CancellationToken cancellationToken)
    {
        if (!_isUnderWay)
        {
            Begin();
        }

        // After a failure, the next step begins a new round.
        _isUnderWay = false;
        var (passed, isOver) = await TakeAsync(cancellationToken);

        _passed += passed.Count;
        foreach (var digest in await metadata.FindUnknownAsync(passed))
        {
            _unknown++;
            if (_found.Count < MaxFound)
            {
                _found.Add(digest);
            }
        }

        _isUnderWay = !isOver;
        return isOver;
    }

    private void Begin()
    {
        _position = null;
        _found.Clear();
        _passed = 0;
        _unknown = 0;
    }

    private async Task<(IReadOnlyList<Digest> Digests, bool IsOver)> TakeAsync(CancellationToken cancellationToken)
    {
        var digests = new List<Digest>();
        if (links is null)
        {
            return (digests, true);
        }

        await foreach (var place in blobs.ListAsync(_position, cancellationToken))
        {
            _position = place;
            if (place.Digest is { } digest)
            {
                digests.Add(digest);
            }

            if (digests.Count == StepSize)
            {
                return (digests, false);
            }
        }

        return (digests, true);
    }

    private bool IsPlausible(long unknown, long passed)
    {
        var wasImplausible = _isImplausible;
        _isImplausible = Plausibility.IsExceeded(unknown, passed);
        if (_isImplausible && !wasImplausible)
        {
            LogImplausible(unknown, passed);
        }

        return !_isImplausible;
    }

    [LoggerMessage(1, LogLevel.Debug, "Blob {Digest} removed: the metadata does not know it, and nothing links to it")]
    private partial void LogRemoved(string digest);

    [LoggerMessage(2, LogLevel.Information, "Blobs removed that the metadata does not know and nothing links to: {Blobs}")]
    private partial void LogRemovedAll(int blobs);

    [LoggerMessage(3, LogLevel.Warning,
        "Blobs that the repositories tree links to but the metadata does not know: {Blobs}, for example {Digest} by {Link}. They are kept. If they are needed, stop the registry and run 'registry reindex'")]
    private partial void LogLinked(int blobs, string digest, string link);

    [LoggerMessage(4, LogLevel.Error,
        "The metadata does not know {Unknown} of the {All} blobs that are stored: none of them is removed. If registry.db is older or newer than blobs/, stop the registry and run 'registry reindex'; if these blobs may be removed, run 'registry gc --force', which does not need a stop")]
    private partial void LogImplausible(long unknown, long all);
}
