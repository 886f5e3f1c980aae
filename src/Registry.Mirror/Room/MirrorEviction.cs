using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Mirroring;
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

    private readonly IMirrorMetadata _metadata;
    private readonly PullRecord _record;
    private readonly ContentEraser _eraser;
    private readonly Func<MirrorConfiguration> _configuration;
    private readonly PullCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger<MirrorEviction> _logger;

    /// <param name="metadata">Manifests by their last pull.</param>
    /// <param name="record">Pulls that are not saved yet.</param>
    /// <param name="eraser">Removes the bytes.</param>
    /// <param name="configuration">Returns the configuration in force.</param>
    /// <param name="counters">Counts the removals.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    internal MirrorEviction(
        IMirrorMetadata metadata,
        PullRecord record,
        ContentEraser eraser,
        Func<MirrorConfiguration> configuration,
        PullCounters counters,
        TimeProvider time,
        ILogger<MirrorEviction> logger) =>
        (_metadata, _record, _eraser, _configuration, _counters, _time, _logger) = (metadata, record, eraser, configuration, counters, time, logger);

    /// <summary>Removes what is too old, or too much.</summary>
    /// <param name="cancellationToken">Ends the work before the next manifest.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _record.SaveAsync();
        foreach (var upstream in _configuration().Upstreams)
        {
            if (upstream.Keep is { } keep)
            {
                var pulledBefore = _time.GetUtcNow() - keep;
                await EvictAsync(upstream, oldest => Task.FromResult(oldest.Time < pulledBefore), "not pulled for its period", cancellationToken);
            }

            if (upstream.MaxSize is { } most)
            {
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

        await _record.SaveAsync();
        foreach (var upstream in _configuration().Upstreams)
        {
            await EvictAsync(upstream, _ => isShort(), "the disk is full up to its reserve", cancellationToken);
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

                var lost = await _metadata.EvictAsync(pull.Repository, pull.Digest, pull.Time.AddSeconds(1), ChangeOrigin.Mirror(upstream.Name), Evicted);
                await _eraser.EraseAsync(lost);
                manifests += lost.Count > 0 ? 1 : 0;
                contents += lost.Count;
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

    [LoggerMessage(1, LogLevel.Information, "Evicted {Manifests} manifests ({Contents} with their blobs) of {Upstream}: {Reason}. A pull fetches them again")]
    private partial void LogEvicted(int manifests, int contents, string upstream, string reason);
}
