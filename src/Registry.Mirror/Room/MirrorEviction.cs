using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Pulls;
using Registry.Core.Storage;
using Registry.Mirror.Configuration;
using Registry.Mirror.Pulls;
using Registry.Mirror.Status;

namespace Registry.Mirror.Room;

/// <summary>
/// Removes images of mirrored repositories, the least recently pulled first: those that were not pulled for the period of their upstream, and as many as it takes to keep an upstream within its size, or the
/// disk above its reserve. They can be fetched again, so they go at once.
/// </summary>
public sealed partial class MirrorEviction
{
    // Reason of the changes.
    private const string Evicted = "evicted";

    // Few, since the room is measured after each batch, and what need not go is to stay.
    private const int BatchSize = 10;

    // Of a turn for each upstream; the next one comes a minute later.
    private const int MaxBatches = 1000;

    // Of a turn, of all repositories.
    private const int MaxUnneeded = 10_000;

    // As long as a client may take from a blob to its manifest.
    private static readonly TimeSpan Unneeded = TimeSpan.FromMinutes(10);

    private readonly IMirrorMetadata _metadata;
    private readonly ICollectorMetadata _collection;
    private readonly IMetadataStore _contents;
    private readonly PullRecord _record;
    private readonly ContentEraser _eraser;
    private readonly ManifestEviction _eviction;
    private readonly Func<MirrorNames> _current;
    private readonly PullCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger<MirrorEviction> _logger;

    /// <param name="metadata">Manifests by their last pull.</param>
    /// <param name="collection">Blobs that no manifest needs.</param>
    /// <param name="contents">Removes them.</param>
    /// <param name="record">Pulls that are not saved yet.</param>
    /// <param name="eraser">Removes the bytes.</param>
    /// <param name="names">Returns the names and the configuration in force.</param>
    /// <param name="counters">Counts the removals.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    internal MirrorEviction(
        IMirrorMetadata metadata,
        ICollectorMetadata collection,
        IMetadataStore contents,
        PullRecord record,
        ContentEraser eraser,
        Func<MirrorNames> names,
        PullCounters counters,
        TimeProvider time,
        ILogger<MirrorEviction> logger) =>
        (_metadata, _collection, _contents, _record, _eraser, _eviction, _current, _counters, _time, _logger) =
            (metadata, collection, contents, record, eraser, new ManifestEviction(metadata, eraser), names, counters, time, logger);

    /// <summary>Removes what is too old, or too much.</summary>
    /// <param name="cancellationToken">Ends the work before the next manifest.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _record.SaveAsync();
        foreach (var upstream in _current().Configuration.Upstreams)
        {
            if (upstream.Keep is { } keep)
            {
                var pulledBefore = _time.GetUtcNow() - keep;
                await EvictAsync(upstream, oldest => Task.FromResult(oldest.Time < pulledBefore), "not pulled for its period", cancellationToken);
            }

            if (upstream.MaxSize is { } most && (await _metadata.ReadUseAsync(upstream.Name)).Bytes > most)
            {
                await DropUnneededAsync(upstream, cancellationToken);
                await EvictAsync(upstream, async _ => (await _metadata.ReadUseAsync(upstream.Name)).Bytes > most, "the upstream has more than its size", cancellationToken);
            }
        }
    }

    /// <summary>Removes images while the disk is full up to its reserve.</summary>
    /// <param name="isShort">Measures the disk; true while it is full up to its reserve.</param>
    /// <param name="cancellationToken">Ends the work before the next manifest.</param>
    public async Task RelieveAsync(Func<Task<bool>> isShort, CancellationToken cancellationToken)
    {
        if (!await isShort())
        {
            return;
        }

        try
        {
            await _record.SaveAsync();
        }
        catch (StorageException)
        {
            // The disk has no room for them.
        }

        foreach (var upstream in _current().Configuration.Upstreams)
        {
            await EvictAsync(upstream, _ => isShort(), "the disk is full up to its reserve", cancellationToken);
        }
    }

    // Blobs that clients have pulled without their manifest. They count, and no eviction of a manifest would remove them.
    private async Task DropUnneededAsync(UpstreamSettings upstream, CancellationToken cancellationToken)
    {
        var dropped = new List<Digest>();
        foreach (var link in (await _collection.ListIdleAsync(Unneeded, MaxUnneeded)).Where(link => _current().Find(link.Repository)?.Upstream.Name == upstream.Name))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if ((await _contents.UnlinkBlobAsync(link.Repository, link.Digest, ChangeOrigin.Mirror(upstream.Name))).Error is null)
            {
                dropped.Add(link.Digest);
            }
        }

        if (dropped.Count > 0)
        {
            await _eraser.EraseAsync(dropped, cancellationToken);
            LogDropped(dropped.Count, upstream.Name);
        }
    }

    private async Task EvictAsync(UpstreamSettings upstream, Func<ManifestPull, Task<bool>> mustGo, string reason, CancellationToken cancellationToken)
    {
        var (manifests, contents) = (0, 0);
        for (var batch = 0; batch < MaxBatches; batch++)
        {
            var oldest = await _metadata.ListOldestAsync(upstream.Name, BatchSize);
            var isEnd = oldest.Count < BatchSize;
            foreach (var pull in oldest)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!await mustGo(pull))
                {
                    isEnd = true;
                    break;
                }

                var (lost, left) = await _eviction.EvictAsync(
                    pull.Repository, pull.Digest, pull.Time.AddSeconds(1), ChangeOrigin.Mirror(upstream.Name), Evicted, cancellationToken);
                manifests += lost.Count > 0 ? 1 : 0;
                contents += lost.Count;
                if (left.Count > 0)
                {
                    // More would free nothing either.
                    LogLeft(upstream.Name, left[0]);
                    isEnd = true;
                    break;
                }
            }

            if (isEnd)
            {
                break;
            }
        }

        if (manifests > 0)
        {
            _counters.Evicted(upstream.Name, manifests);
            LogEvicted(manifests, contents, upstream.Name, reason);
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "The eviction of images of {Upstream} ends for now, since it frees nothing: {Reason}")]
    private partial void LogLeft(string upstream, string reason);

    [LoggerMessage(3, LogLevel.Information, "Removed {Blobs} blobs of {Upstream} that no manifest here needs, since it has more than its size")]
    private partial void LogDropped(int blobs, string upstream);

    [LoggerMessage(1, LogLevel.Information, "Evicted {Manifests} manifests ({Contents} with their blobs) of {Upstream}: {Reason}. A pull fetches them again")]
    private partial void LogEvicted(int manifests, int contents, string upstream, string reason);
}
