using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Events.Configuration;
using Registry.Events.Delivery;
using Registry.Storage.Testing;

namespace Registry.Events.Tests;

/// <summary>Deliveries with short times, on a real database and real endpoints.</summary>
[Xunit.Collection(Alone.Name)]
public sealed class DispatchTests : IAsyncDisposable
{
    private static readonly EndpointLimits Short = new()
    {
        Attempt = TimeSpan.FromSeconds(5),
        FirstPause = TimeSpan.FromMilliseconds(10),
        LongestPause = TimeSpan.FromMilliseconds(50),
        Renewal = TimeSpan.FromMilliseconds(100),
    };

    private static readonly ChangeOrigin Origin = new() { Source = ChangeSource.Request, Request = "0HN1" };

    private readonly TestStorage _storage = new();
    private readonly Dictionary<string, TestImage> _manifests = [];
    private readonly ShiftedClock _clock = new();
    private readonly RecordedLog _log = new();
    private readonly LoggerFactory _loggers;
    private readonly HookedFeed _feed;
    private readonly RecentChanges _changes;
    private EventsConfiguration _configuration = new([]);

    public DispatchTests()
    {
        _loggers = new LoggerFactory([_log]);
        _feed = new HookedFeed(Ports.Changes);
        _changes = new RecentChanges(_feed, TimeProvider.System, _loggers.CreateLogger<RecentChanges>());
    }

    private StoragePorts Ports => _storage.Storage.Ports;

    [Fact]
    public async Task After_the_time_for_attempts_events_are_set_aside_and_shown_and_later_ones_are_delivered()
    {
        await using var receiver = await EventReceiver.StartAsync();
        receiver.Instead = context =>
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return Task.FromResult(true);
        };
        await using var dispatch = await StartAsync(Short, receiver);
        for (var i = 0; i < 5; i++)
        {
            await SetTagAsync("team/app", $"old{i}");
        }

        // A tag, and its manifest before it. Days pass until all have ended.
        await Eventually.HoldsAsync(async () => (await dispatch.ReadStatusAsync()).Single().Failing > 0, "the endpoint fails");
        _clock.Ahead = TimeSpan.FromDays(4);
        await Eventually.HoldsAsync(async () => (await dispatch.ReadStatusAsync()).Single().SetAside == 10, "all events are set aside");
        _clock.Ahead = TimeSpan.Zero;
        receiver.Instead = null;
        await SetTagAsync("team/app", "new");

        await Eventually.TrueAsync(() => receiver.Events.Count >= 2);
        Assert.Equal("tag-set team/app:new", receiver.Events[^1].Summary);
        Assert.DoesNotContain(receiver.Events, one => one.Summary.Contains("old", StringComparison.Ordinal));
        await Eventually.HoldsAsync(async () => (await dispatch.ReadStatusAsync()).Single() is { Delivered: 2, Failing: 0 }, "the endpoint works");
        var aside = await dispatch.ListAsync("pipeline", areSetAside: true, 100);
        Assert.Equal(["old4", "old3", "old2", "old1", "old0"], aside.Where(one => one.Tag is not null).Select(one => one.Tag!.Value.Value));
        Assert.All(aside, one => Assert.Equal("answered 500 Internal Server Error", one.Fault));

        // They are sent again when an operator says so.
        await dispatch.ReplayAsync("pipeline", DateTimeOffset.UnixEpoch);
        await Eventually.TrueAsync(() => receiver.Events.Count >= 14);
        Assert.Contains(receiver.Events, one => one.Summary == "tag-set team/app:old0");
    }

    [Fact]
    public async Task A_dead_endpoint_costs_no_memory_for_what_waits_and_gets_all_of_it_in_order_afterwards()
    {
        const int count = 6000;
        await using var receiver = await EventReceiver.StartAsync();
        receiver.Instead = context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.FromResult(true);
        };
        await using var dispatch = await StartAsync(Short, receiver);
        var digest = await SetTagAsync("team/app", "first");
        await Eventually.HoldsAsync(async () => (await dispatch.ReadStatusAsync()).Single().Failing > 0, "the endpoint fails");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var other = await SetTagAsync("team/app", "first");
        for (var i = 0; i < count / 2; i++)
        {
            await MoveTagAsync(digest);
            await MoveTagAsync(other);
        }

        // Of the changes, some are in memory for all readers; a change takes about 1 KiB there.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, (2L * RecentChanges.Kept * 1024) + (2 * 1024 * 1024));

        receiver.Instead = null;
        await Eventually.TrueAsync(() => receiver.Events.Count >= count);
        await Eventually.HoldsAsync(async () => (await dispatch.ReadStatusAsync()).Single() is { Failing: 0 } one && one.Delivered == receiver.Events.Count, "all are delivered");
        var positions = receiver.Events.Select(one => long.Parse(one.Id.Split('-')[1], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(positions.Order(), positions);
        Assert.Equal(positions.Distinct(), positions);
        Assert.Equal(
            (await Ports.Changes.ReadAsync(0, 100_000)).Where(change => change.IsHistory).Select(change => change.Sequence), positions);

        Task MoveTagAsync(Digest to) => SetAsync("team/app", "first", to);
    }

    [Fact]
    public async Task A_read_only_registry_sends_nothing_until_it_may_record_it()
    {
        await using var receiver = await EventReceiver.StartAsync();
        var isReadOnly = false;
        await using var dispatch = await StartAsync(Short, receiver, () => Volatile.Read(ref isReadOnly));
        Volatile.Write(ref isReadOnly, true);
        await SetTagAsync("team/app", "latest");
        await Task.Delay(TimeSpan.FromMilliseconds(500));
        Assert.Equal(0, receiver.Requests);

        Volatile.Write(ref isReadOnly, false);
        await Eventually.TrueAsync(() => receiver.Events.Count >= 2);
    }

    [Fact]
    public async Task A_push_by_a_tag_is_one_event_of_distribution_also_where_a_read_ends_within_it()
    {
        await using var receiver = await EventReceiver.StartAsync();
        await using var dispatch = await StartAsync(Short, receiver, others: """, "format": "distribution" """);
        var looked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _feed.Instead = async (after, limit) =>
        {
            if (limit < 500)
            {
                looked.TrySetResult();
                return await Ports.Changes.ReadAsync(after, limit);
            }

            // What all endpoints share has the manifest, and gets the tag once the endpoint has looked for it.
            var one = await Ports.Changes.ReadAsync(after, 1);
            if (one is [{ Kind: ChangeKind.TagSet }])
            {
                await Task.WhenAny(looked.Task, Task.Delay(TimeSpan.FromSeconds(2)));
            }

            return one;
        };

        await SetTagAsync("team/app", "v1");
        await SetTagAsync("team/app", "v2");

        await Eventually.TrueAsync(() => receiver.Events.Any(one => TagOf(one) == "v2"));
        Assert.Equal(["v1", "v2"], receiver.Events.Select(TagOf));
    }

    [Fact]
    public async Task A_push_by_a_tag_is_told_without_it_where_only_manifests_are_wanted()
    {
        await using var receiver = await EventReceiver.StartAsync();
        await using var dispatch = await StartAsync(Short, receiver, others: """, "format": "distribution", "kinds": ["manifest-added"] """);

        var digest = await SetTagAsync("team/app", "v1");

        await Eventually.TrueAsync(() => receiver.Events.Count >= 1);
        Assert.Equal((digest.Value, null), (TargetOf(receiver.Events[0]).GetProperty("digest").GetString(), TagOf(receiver.Events[0])));
    }

    [Fact]
    public async Task A_fault_of_the_storage_is_no_mistake_and_what_follows_waits()
    {
        const string others = """, "format": "distribution" """;
        await using var receiver = await EventReceiver.StartAsync();
        await (await StartAsync(Short, receiver, others: others)).DisposeAsync();
        await SetTagAsync("team/app", "v1");

        // Every second read of an endpoint that is behind fails.
        var reads = 0;
        _feed.Instead = (after, limit) => Interlocked.Increment(ref reads) % 2 == 0 ? throw new StorageException("The disk is away.") : Ports.Changes.ReadAsync(after, limit);
        await using var dispatch = await StartAsync(Short with { StoragePause = TimeSpan.FromMilliseconds(10) }, receiver, others: others);

        await Eventually.TrueAsync(() => receiver.Events.Count >= 1);
        await Eventually.HoldsAsync(async () => (await dispatch.ReadStatusAsync()).Single().Delivered == 1, "the event is recorded");
        Assert.Single(receiver.Events);
        Assert.Contains(_log.Entries, entry => entry.Message.Contains("The disk is away", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Entries, entry => entry.Level >= LogLevel.Error);
    }

    public async ValueTask DisposeAsync()
    {
        await _changes.DisposeAsync();
        _loggers.Dispose();
        _log.Dispose();
        await _storage.DisposeAsync();
    }

    private async Task<EventDispatch> StartAsync(EndpointLimits limits, EventReceiver receiver, Func<bool>? isReadOnly = null, string others = "")
    {
        var json = $$"""{ "endpoints": [ { "name": "pipeline", "url": "{{receiver.Url}}", "secret": "{{EventReceiver.Secret}}", "addresses": ["127.0.0.1"]{{others}} } ] }""";
        _configuration = EventsConfigurationReader.Read(Encoding.UTF8.GetBytes(json), Path.GetTempPath());
        await _storage.Indexer.RunAsync(CancellationToken.None);
        var dispatch = new EventDispatch(
            () => _configuration,
            new EventSources
            {
                Feed = _feed,
                Changes = _changes,
                Deliveries = Ports.Events,
                ExternalUrl = null,
                Version = "1.0.0",
                IsReadOnly = isReadOnly ?? (() => false),
                Time = _clock,
                Limits = limits,
            },
            _loggers);
        dispatch.Start();
        await Eventually.HoldsAsync(async () => (await dispatch.ReadStatusAsync()).Single().Lanes.Count > 0, "the endpoint is held");
        return dispatch;
    }

    private static JsonElement TargetOf(EventReceiver.ReceivedEvent one) => one.Json.GetProperty("events")[0].GetProperty("target");

    private static string? TagOf(EventReceiver.ReceivedEvent one) => TargetOf(one).TryGetProperty("tag", out var tag) ? tag.GetString() : null;

    // Sets a tag to a new manifest.
    private async Task<Digest> SetTagAsync(string repository, string tag)
    {
        var image = TestImage.Index([], json => json["annotations"] = new System.Text.Json.Nodes.JsonObject { ["org.example.id"] = Guid.NewGuid().ToString() });
        _manifests[image.Digest] = image;
        var digest = Digest.Parse(image.Digest);
        await SetAsync(repository, tag, digest);
        return digest;
    }

    private async Task SetAsync(string repository, string tag, Digest digest)
    {
        var image = _manifests[digest.Value];
        var stored = await _storage.Core.Manifests.PutAsync(
            RepositoryName.Parse(repository), Tag.Parse(tag), image.MediaType, image.Manifest.Bytes, [], Precondition.None, Origin, default);
        Assert.Null(stored.Error);
    }

    // Only the wall clock differs from that of the system.
    private sealed class ShiftedClock : TimeProvider
    {
        private long _ahead;

        public TimeSpan Ahead
        {
            set => Volatile.Write(ref _ahead, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _ahead));
    }
}
