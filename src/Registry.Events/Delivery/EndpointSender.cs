using Microsoft.Extensions.Logging;
using Registry.Core.Events;
using Registry.Core.Storage;
using Registry.Events.Configuration;
using Registry.Events.Formats;
using Registry.Events.Status;

namespace Registry.Events.Delivery;

/// <summary>Sends the events of an endpoint while this process holds it: all its lanes at the same time.</summary>
internal sealed partial class EndpointSender : IAsyncDisposable
{
    private readonly EventSources _sources;
    private readonly EndpointClient _client;
    private readonly EndpointHold _hold;
    private readonly ILogger<EndpointSender> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _loop;
    private volatile TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isLost;
    private Running? _running;
    private string? _fault;

    /// <summary>Begins.</summary>
    /// <param name="settings">The endpoint.</param>
    /// <param name="sources">What all endpoints share.</param>
    /// <param name="counters">Counts.</param>
    /// <param name="logger">The log.</param>
    public EndpointSender(EndpointSettings settings, EventSources sources, EndpointCounters counters, ILogger<EndpointSender> logger)
    {
        (Settings, _sources, Counters, _logger) = (settings, sources, counters, logger);
        _client = new EndpointClient(settings, sources.Version, sources.Limits, sources.Time, sources.Proxy, sources.Network);
        _hold = new EndpointHold(sources.Limits, sources.IsReadOnly, sources.Time);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>The endpoint.</summary>
    public EndpointSettings Settings { get; }

    /// <summary>Counts.</summary>
    public EndpointCounters Counters { get; }

    /// <summary>Looks at the recorded lanes at once, since one was set back.</summary>
    public void Wake() => _woken.TrySetResult();

    /// <summary>Stops. Attempts under way end first, or are cut off after a time: their events are sent again after the next start.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        await _stopping.CancelAsync();
        Wake();
        _ending.CancelAfter(patience);
        await _loop;
    }

    /// <summary>Stops, and cuts off attempts under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _client.Dispose();
        _stopping.Dispose();
        _ending.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var woken = _woken;
            try
            {
                await HoldAsync();
                Report(null);
            }
            catch (StorageException e)
            {
                Report(e.Message.TrimEnd('.'));
            }
#pragma warning disable CA1031 // No caller awaits this, and the other endpoints go on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                LogMistake(e, Settings.Name);
            }

            await Task.WhenAny(woken.Task, Task.Delay(_sources.Limits.Renewal, _sources.Time, _stopping.Token));
            if (woken.Task.IsCompleted)
            {
                _woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        await StopLanesAsync();
        try
        {
            await _sources.Deliveries.ReleaseAsync(Settings.Name, _sources.Holder);
        }
        catch (StorageException)
        {
            // The hold ends by itself.
        }
    }

    private async Task HoldAsync()
    {
        if (_sources.IsReadOnly())
        {
            return;
        }

        var askedAt = _sources.Time.GetTimestamp();
        var lanes = await _sources.Deliveries.HoldAsync(Settings.Name, _sources.Holder, _sources.Limits.Lease, await _sources.Feed.FindEndAsync());
        if (lanes is null)
        {
            _hold.End();
            await StopLanesAsync();
            return;
        }

        var isOther = _running is null || _isLost || _hold.HasLapsed || _running.HasEnded || _running.HasOtherGeneration(lanes);
        if (isOther)
        {
            _hold.End();
            await StopLanesAsync();
            await WarnOfLostAsync(lanes);
            _isLost = false;

            // As they are after the last ones have stopped.
            await StartLanesAsync(await _sources.Deliveries.ListLanesAsync(Settings.Name));
        }

        _hold.Renew(askedAt);
    }

    private async Task StartLanesAsync(IReadOnlyList<EventLane> lanes)
    {
        var reading = await _sources.Changes.BeginAsync();
        var writer = new EventWriter(Settings.Format, await _sources.Feed.FindEpochAsync(), _sources.ExternalUrl, _sources.Holder);
        var stopping = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var senders = lanes.Select(lane => new LaneSender(
            lane, Settings, _sources.Limits, _client, _hold, writer, _sources.Changes, RecordAsync, Counters, _sources.Time, _logger));
        _running = new Running(lanes, [.. senders.Select(sender => Task.Run(() => sender.RunAsync(stopping.Token, _ending.Token)))], stopping, reading);
    }

    private async Task StopLanesAsync()
    {
        if (_running is not { } running)
        {
            return;
        }

        _running = null;
        await running.Stopping.CancelAsync();
        try
        {
            await Task.WhenAll(running.Lanes);
        }
#pragma warning disable CA1031 // A lane that has met an internal error begins again with the others.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogMistake(e, Settings.Name);
        }
        catch (OperationCanceledException)
        {
            // An attempt was cut off.
        }

        running.Stopping.Dispose();
        running.Reading.Dispose();
    }

    private async Task<bool> RecordAsync(EventLane lane, IReadOnlyList<EventDelivery> deliveries)
    {
        if (await _sources.Deliveries.AdvanceAsync(Settings.Name, _sources.Holder, [lane], deliveries))
        {
            return true;
        }

        _isLost = true;
        Wake();
        return false;
    }

    private async Task WarnOfLostAsync(IReadOnlyList<EventLane> lanes)
    {
        var lost = await _sources.Feed.FindLostAsync();
        if (lanes.Min(lane => lane.Position) is var position && position < lost)
        {
            LogLost(Settings.Name, position, lost);
        }
    }

    private void Report(string? fault)
    {
        if (fault != _fault && fault is not null)
        {
            LogStorage(Settings.Name, fault);
        }

        _fault = fault;
    }

    private sealed record Running(IReadOnlyList<EventLane> Begun, IReadOnlyList<Task> Lanes, CancellationTokenSource Stopping, IDisposable Reading)
    {
        /// <summary>True if a lane has to be held again, or has met an internal error.</summary>
        public bool HasEnded => Lanes.Any(lane => lane.IsCompleted);

        public bool HasOtherGeneration(IReadOnlyList<EventLane> lanes) => lanes.Zip(Begun).Any(pair => pair.First.Generation != pair.Second.Generation);
    }

    [LoggerMessage(1, LogLevel.Warning, "Events for {Endpoint} wait: {Reason}. The registry tries again")]
    private partial void LogStorage(string endpoint, string reason);

    [LoggerMessage(2, LogLevel.Warning, "Events for {Endpoint} between the positions {Position} and {Lost} may be missing: it was behind by more changes than the registry keeps")]
    private partial void LogLost(string endpoint, long position, long lost);

    [LoggerMessage(3, LogLevel.Critical, "The delivery of events to {Endpoint} met an internal error; please report it with these lines. It begins again")]
    private partial void LogMistake(Exception exception, string endpoint);
}
