using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Events;
using Registry.Core.Storage;
using Registry.Events.Configuration;
using Registry.Events.Formats;
using Registry.Events.Status;

namespace Registry.Events.Delivery;

/// <summary>
/// Sends the events of a lane, one after the other. A failed one is repeated with growing pauses, and set aside at last; meanwhile those after it wait, in the feed. The position is
/// recorded after each event that has ended, before the next one is sent.
/// </summary>
internal sealed partial class LaneSender
{
    // Of each lane there is one page in memory at most.
    private const int PageSize = 64;

    // Two that were set aside one after the other mean an endpoint that is away.
    private const int AsideOfAway = 2;

    private readonly EndpointSettings _settings;
    private readonly EndpointLimits _limits;
    private readonly EndpointClient _client;
    private readonly EndpointHold _hold;
    private readonly EventWriter _writer;
    private readonly RecentChanges _changes;
    private readonly Func<EventLane, IReadOnlyList<EventDelivery>, Task<bool>> _record;
    private readonly EndpointCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private EventLane _lane;
    private long _recorded;
    private long _recordedAt;
    private int _asideInRow;

    /// <summary>Prepares a lane.</summary>
    /// <param name="lane">The lane as it is recorded.</param>
    /// <param name="settings">The endpoint.</param>
    /// <param name="limits">The times.</param>
    /// <param name="client">The client of the endpoint.</param>
    /// <param name="hold">Tells whether this process may send.</param>
    /// <param name="writer">Writes the bodies.</param>
    /// <param name="changes">The changes.</param>
    /// <param name="record">Records the lane, and events that have ended; false if the endpoint has to be held again.</param>
    /// <param name="counters">Counts.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public LaneSender(
        EventLane lane,
        EndpointSettings settings,
        EndpointLimits limits,
        EndpointClient client,
        EndpointHold hold,
        EventWriter writer,
        RecentChanges changes,
        Func<EventLane, IReadOnlyList<EventDelivery>, Task<bool>> record,
        EndpointCounters counters,
        TimeProvider time,
        ILogger logger)
    {
        (_lane, _settings, _limits, _client, _hold, _writer) = (lane, settings, limits, client, hold, writer);
        (_changes, _record, _counters, _time, _logger) = (changes, record, counters, time, logger);
        (_recorded, _recordedAt) = (lane.Position, time.GetTimestamp());
    }

    /// <summary>Sends until it is stopped, or the endpoint has to be held again.</summary>
    /// <param name="stopping">Stops it between two attempts.</param>
    /// <param name="ending">Ends the attempt under way, too.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken ending)
    {
        try
        {
            while (!stopping.IsCancellationRequested && await TakePageAsync(stopping, ending))
            {
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The last position is recorded, or its change is sent again.
        }
        finally
        {
            _counters.HasNoHead(_lane.Number);
        }
    }

    // False if the endpoint has to be held again.
    private async Task<bool> TakePageAsync(CancellationToken stopping, CancellationToken ending)
    {
        var page = await InsistAsync(() => _changes.ReadAsync(_lane.Position, PageSize), stopping);
        foreach (var change in page.Changes)
        {
            stopping.ThrowIfCancellationRequested();
            if (await IsForAsync(change, stopping))
            {
                if (!await DeliverAsync(change, stopping, ending))
                {
                    return false;
                }
            }
            else
            {
                _lane = _lane with { Position = change.Sequence };
            }
        }

        _lane = _lane with { Position = Math.Max(page.End, _lane.Position) };
        return await WaitAsync(stopping);
    }

    private async Task<bool> IsForAsync(RegistryChange change, CancellationToken stopping)
    {
        if (EventLane.Of(change.Repository) != _lane.Number || !_settings.Wants(change))
        {
            return false;
        }

        var later = _writer.DependsOnLater(change) ? (await InsistAsync(() => _changes.ReadStoredAsync(change.Sequence, PageSize), stopping)).Changes : [];
        return _writer.Has(change, later.Where(_settings.Wants));
    }

    // Waits for a change. The position after changes of others is recorded from time to time, so that they are not read again from far back.
    private async Task<bool> WaitAsync(CancellationToken stopping)
    {
        var isBehind = _lane.Position != _recorded;
        if (isBehind && _time.GetElapsedTime(_recordedAt) >= _limits.Saving)
        {
            return await RecordAsync([], stopping);
        }

        if (isBehind)
        {
            await _changes.WaitAsync(_lane.Position, _limits.Saving, stopping);
        }
        else if (await _changes.WaitAsync(_lane.Position, Timeout.InfiniteTimeSpan, stopping))
        {
            _recordedAt = _time.GetTimestamp();
        }

        return true;
    }

    private async Task<bool> DeliverAsync(RegistryChange change, CancellationToken stopping, CancellationToken ending)
    {
        _counters.HasHead(_lane.Number, change.Time);
        if (_asideInRow >= AsideOfAway && IsOverdue(change))
        {
            return await EndAsync(change, new AttemptResult(null, _lane.Fault, null, 0), attempts: 0, stopping);
        }

        var (id, body) = (_writer.IdOf(change), _writer.Write(change));
        while (true)
        {
            await _hold.WaitAsync(stopping);
            var result = await _client.SendAsync(id, _writer.MediaType, body, ending);
            var attempts = _lane.Attempts + 1;
            if (result.Fault is null)
            {
                return await EndAsync(change, result, attempts, stopping);
            }

            _counters.HasFailed();
            _lane = _lane with { FailingSince = _lane.FailingSince ?? _time.GetUtcNow(), Attempts = attempts, Fault = result.Fault };
            if (attempts == 1)
            {
                LogFailed(_settings.Name, result.Fault, id);
            }

            if (IsOverdue(change))
            {
                return await EndAsync(change, result, attempts, stopping);
            }

            if (!await RecordAsync([], stopping))
            {
                return false;
            }

            await Task.Delay(PauseAfter(attempts, result.Pause), _time, stopping);
        }
    }

    // Records the end of an event.
    private Task<bool> EndAsync(RegistryChange change, AttemptResult result, int attempts, CancellationToken stopping)
    {
        var isSetAside = result.Fault is not null;
        if (isSetAside)
        {
            _asideInRow++;
            _counters.HasSetAside();
            LogSetAside(_settings.Name, _writer.IdOf(change), change.Repository.Value, result.Fault!);
            _lane = _lane with { Position = change.Sequence, SetAside = _lane.SetAside + 1, Attempts = 0 };
        }
        else
        {
            if (_lane.FailingSince is not null)
            {
                LogWorks(_settings.Name, _lane.Number);
            }

            _asideInRow = 0;
            _counters.HasDelivered();
            _lane = _lane with { Position = change.Sequence, Delivered = _lane.Delivered + 1, Attempts = 0, FailingSince = null, Fault = null };
        }

        _counters.HasNoHead(_lane.Number);
        return RecordAsync(
            [
                new EventDelivery
                {
                    Lane = _lane.Number,
                    Position = change.Sequence,
                    Kind = change.Kind,
                    Repository = change.Repository,
                    Tag = change.Tag,
                    Digest = change.Digest,
                    Time = _time.GetUtcNow(),
                    IsSetAside = isSetAside,
                    Attempts = attempts,
                    Status = result.Status,
                    Fault = result.Fault,
                    Milliseconds = result.Milliseconds,
                },
            ],
            stopping);
    }

    // What has ended is recorded however long the storage fails: nothing else is sent meanwhile.
    private Task<bool> RecordAsync(IReadOnlyList<EventDelivery> deliveries, CancellationToken stopping)
    {
        (_recorded, _recordedAt) = (_lane.Position, _time.GetTimestamp());
        return InsistAsync(() => _record(_lane, deliveries), stopping);
    }

    // Repeats what the storage refuses.
    private async Task<T> InsistAsync<T>(Func<Task<T>> act, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                return await act();
            }
            catch (StorageException e)
            {
                LogStorage(_settings.Name, e.Message);
                await Task.Delay(_limits.StoragePause, _time, stopping);
            }
        }
    }

    // The time counts from the change, since all events that wait behind a dead endpoint have failed with the first one; and from the first fault, since what the registry itself
    // was late with has not failed yet. A change of the future is of a clock that was wrong.
    private bool IsOverdue(RegistryChange change)
    {
        var now = _time.GetUtcNow();
        return _lane.FailingSince is { } since && now - (change.Time > since && change.Time <= now ? change.Time : since) >= _limits.GiveUp;
    }

    private TimeSpan PauseAfter(int attempts, TimeSpan? wanted)
    {
        var pause = Math.Min(_limits.FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(attempts - 1, 30)), _limits.LongestPause.TotalMilliseconds);

        // Endpoints and lanes that failed together do not come back together.
#pragma warning disable CA5394 // No secret.
        var spread = TimeSpan.FromMilliseconds(pause * (0.5 + (Random.Shared.NextDouble() / 2)));
#pragma warning restore CA5394
        return wanted > spread ? wanted.Value : spread;
    }

    [LoggerMessage(1, LogLevel.Warning, "The endpoint {Endpoint} {Fault}; event {Event} is tried again, and those of the same repositories after it wait")]
    private partial void LogFailed(string endpoint, string fault, string @event);

    [LoggerMessage(2, LogLevel.Error, "Event {Event} of {Repository} is set aside, after attempts for 3 days: the endpoint {Endpoint} {Fault}. registry events replay sends it again")]
    private partial void LogSetAside(string endpoint, string @event, string repository, string fault);

    [LoggerMessage(3, LogLevel.Information, "The endpoint {Endpoint} works again, lane {Lane}")]
    private partial void LogWorks(string endpoint, int lane);

    [LoggerMessage(4, LogLevel.Warning, "Events for {Endpoint} wait: {Reason}")]
    private partial void LogStorage(string endpoint, string reason);
}
