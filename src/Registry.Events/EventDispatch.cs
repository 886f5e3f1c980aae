using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Events;
using Registry.Core.Storage;
using Registry.Events.Configuration;
using Registry.Events.Delivery;
using Registry.Events.Status;

namespace Registry.Events;

/// <summary>Sends the events of the changes to the endpoints of the configuration, which may change meanwhile.</summary>
public sealed partial class EventDispatch : IAsyncDisposable
{
    // An edit is in force within a second or two.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    // An endpoint that comes back into the configuration within this time goes on where it was.
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(3);
    private static readonly TimeSpan ForgetPeriod = TimeSpan.FromHours(1);

    // A stop of the registry does not wait for endpoints that hang.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Func<EventsConfiguration> _configuration;
    private readonly EventSources _sources;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger<EventDispatch> _logger;
    private readonly ConcurrentDictionary<string, EndpointSender> _senders = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, EndpointCounters> _counters = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;
    private EventsConfiguration? _current;

    internal EventDispatch(Func<EventsConfiguration> configuration, EventSources sources, ILoggerFactory loggers)
    {
        (_configuration, _sources, _loggers) = (configuration, sources, loggers);
        _logger = loggers.CreateLogger<EventDispatch>();
    }

    /// <summary>Composes the dispatch. It begins with <see cref="Start"/>.</summary>
    /// <param name="feed">The changes.</param>
    /// <param name="changes">The same, for several readers.</param>
    /// <param name="deliveries">How far events were sent.</param>
    /// <param name="configuration">Returns the configuration as it is in force.</param>
    /// <param name="externalUrl">Address of the registry; null if it is not known.</param>
    /// <param name="version">Version of the registry.</param>
    /// <param name="isReadOnly">True while the registry must not be changed; nothing is sent then.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    public static EventDispatch Create(
        IChangeFeed feed,
        RecentChanges changes,
        IEventDeliveries deliveries,
        Func<EventsConfiguration> configuration,
        string? externalUrl,
        string version,
        Func<bool> isReadOnly,
        TimeProvider time,
        ILoggerFactory loggers) => new(
            configuration,
            new EventSources
            {
                Feed = feed,
                Changes = changes,
                Deliveries = deliveries,
                ExternalUrl = externalUrl,
                Version = version,
                IsReadOnly = isReadOnly,
                Time = time,

                // The proxy of the machine: HTTPS_PROXY and NO_PROXY.
                Proxy = HttpClient.DefaultProxy,
            },
            loggers);

    /// <summary>Begins to send.</summary>
    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>Reads the state of all endpoints of the configuration.</summary>
    /// <exception cref="StorageException">The storage fails.</exception>
    public async Task<IReadOnlyList<EndpointStatus>> ReadStatusAsync()
    {
        var end = await _sources.Feed.FindEndAsync();
        var statuses = new List<EndpointStatus>();
        foreach (var settings in _configuration().Endpoints)
        {
            statuses.Add(await ReadStatusAsync(settings, end));
        }

        return statuses;
    }

    /// <summary>Reads the state of an endpoint.</summary>
    /// <exception cref="StorageException">The storage fails.</exception>
    public async Task<EndpointStatus> ReadStatusAsync(EndpointSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return await ReadStatusAsync(settings, await _sources.Feed.FindEndAsync());
    }

    /// <summary>Finds an endpoint of the configuration by its name; null if there is none.</summary>
    public EndpointSettings? Find(string name) => _configuration().Endpoints.FirstOrDefault(endpoint => endpoint.Name == name);

    /// <summary>Counts of this process since its start, of the endpoints of the configuration.</summary>
    public IReadOnlyList<EndpointCount> ReadCounts() =>
    [
        .. _configuration().Endpoints.Select(endpoint => CountersOf(endpoint.Name) is var counters
            ? new EndpointCount(endpoint.Name, counters.Delivered, counters.Failed, counters.SetAside, counters.Delay)
            : default),
    ];

    /// <summary>Lists the last events of an endpoint that have ended, the newest first.</summary>
    /// <param name="endpoint">Name of the endpoint.</param>
    /// <param name="areSetAside">True for those that were set aside, false for those that were delivered; null for both.</param>
    /// <param name="limit">Number of events, 1 or more.</param>
    /// <exception cref="StorageException">The storage fails.</exception>
    public async Task<IReadOnlyList<EventDelivery>> ListAsync(string endpoint, bool? areSetAside, int limit)
    {
        var delivered = areSetAside is true ? [] : await _sources.Deliveries.ListAsync(endpoint, areSetAside: false, limit);
        var setAside = areSetAside is false ? [] : await _sources.Deliveries.ListAsync(endpoint, areSetAside: true, limit);
        return [.. delivered.Concat(setAside).OrderByDescending(delivery => delivery.Time).ThenByDescending(delivery => delivery.Position).Take(limit)];
    }

    /// <summary>Finds the time of a change, from which on its event can be sent again; null if the registry does not keep the change any more.</summary>
    /// <exception cref="StorageException">The storage fails.</exception>
    public async Task<DateTimeOffset?> FindTimeAsync(long position) =>
        await _sources.Feed.ReadAsync(position - 1, 1) is [var change] && change.Sequence == position ? change.Time : null;

    /// <summary>Sends what has happened since a time to an endpoint again, as far as the registry keeps it.</summary>
    /// <returns>Position after which it is sent; null if the endpoint was never held.</returns>
    /// <exception cref="StorageException">The storage fails.</exception>
    public async Task<long?> ReplayAsync(string endpoint, DateTimeOffset since)
    {
        var position = await FindPositionAsync(since);
        if (!await _sources.Deliveries.ReplayAsync(endpoint, position))
        {
            return null;
        }

        if (_senders.TryGetValue(endpoint, out var sender))
        {
            sender.Wake();
        }

        LogReplay(endpoint, since, position);
        return position;
    }

    /// <summary>Stops. Attempts under way end first, or are cut off after two seconds: their events are sent again after the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync();
            await _loop;
            await StopAsync(Patience);
        }
    }

    private EndpointCounters CountersOf(string endpoint) => _counters.GetOrAdd(endpoint, _ => new EndpointCounters(_sources.Time));

    private async Task RunAsync()
    {
        var forgottenAt = default(long?);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await ApplyAsync(_configuration());
                if (forgottenAt is null || _sources.Time.GetElapsedTime(forgottenAt.Value) >= ForgetPeriod)
                {
                    forgottenAt = _sources.Time.GetTimestamp();
                    await ForgetAsync();
                }
            }
            catch (StorageException)
            {
                // The senders have said so, and this waits for another hour.
            }

            await Task.WhenAny(Task.Delay(Look, _sources.Time, _stopping.Token));
        }
    }

    private async Task ApplyAsync(EventsConfiguration configuration)
    {
        if (configuration == _current)
        {
            return;
        }

        await StopAsync(_sources.Limits.Attempt);
        _current = configuration;
        foreach (var settings in configuration.Endpoints)
        {
            _senders[settings.Name] = new EndpointSender(settings, _sources, CountersOf(settings.Name), _loggers.CreateLogger<EndpointSender>());
        }
    }

    private async Task StopAsync(TimeSpan patience)
    {
        await Task.WhenAll(_senders.Values.Select(StopOneAsync));
        _senders.Clear();

        async Task StopOneAsync(EndpointSender sender)
        {
            await using (sender)
            {
                await sender.StopAsync(patience);
            }
        }
    }

    private Task ForgetAsync() => _sources.IsReadOnly()
        ? Task.CompletedTask
        : _sources.Deliveries.ForgetAsync([.. _configuration().Endpoints.Select(endpoint => endpoint.Name)], Remembered);

    // By halves: positions are nearly in the order of the times. A clock that was set back is not looked behind.
    private async Task<long> FindPositionAsync(DateTimeOffset since)
    {
        var (first, end) = (await _sources.Feed.FindLostAsync(), await _sources.Feed.FindEndAsync());
        first = Math.Min(first, end);
        while (first < end)
        {
            var middle = first + ((end - first) / 2);
            if (await _sources.Feed.ReadAsync(middle, 1) is [var change] && change.Time < since)
            {
                first = change.Sequence;
            }
            else
            {
                end = middle;
            }
        }

        return first;
    }

    private async Task<EndpointStatus> ReadStatusAsync(EndpointSettings settings, long end) => new(settings, await _sources.Deliveries.ListLanesAsync(settings.Name), end);

    [LoggerMessage(1, LogLevel.Information, "Events since {Since} are sent to {Endpoint} again, from the position {Position} on")]
    private partial void LogReplay(string endpoint, DateTimeOffset since, long position);
}
