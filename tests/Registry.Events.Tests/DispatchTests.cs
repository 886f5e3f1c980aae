using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core;
using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Events.Configuration;
using Registry.Events.Delivery;
using Registry.Storage.Testing;

namespace Registry.Events.Tests;

/// <summary>Deliveries with short times, on a real database and real endpoints.</summary>
public sealed class DispatchTests : IAsyncDisposable
{
    private static readonly EndpointLimits Short = new()
    {
        Attempt = TimeSpan.FromSeconds(5),
        FirstPause = TimeSpan.FromMilliseconds(10),
        LongestPause = TimeSpan.FromMilliseconds(50),
        // Longer than a busy machine takes to send what is new: that must not be overdue before its first attempt.
        GiveUp = TimeSpan.FromSeconds(5),
        Renewal = TimeSpan.FromMilliseconds(100),
    };

    private readonly TestStorage _storage = new();
    private readonly Dictionary<string, TestImage> _manifests = [];
    private readonly RecentChanges _changes;
    private EventsConfiguration _configuration = new([]);

    public DispatchTests() => _changes = new RecentChanges(_storage.Storage.Ports.Changes, TimeProvider.System, NullLogger<RecentChanges>.Instance);

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

        // A tag, and its manifest before it.
        await Eventually.HoldsAsync(async () => (await dispatch.ReadStatusAsync()).Single().SetAside == 10, "all events are set aside");
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
        await using var dispatch = await StartAsync(Short with { GiveUp = TimeSpan.FromHours(1) }, receiver);
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

    public async ValueTask DisposeAsync()
    {
        await _changes.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private async Task<EventDispatch> StartAsync(EndpointLimits limits, EventReceiver receiver, Func<bool>? isReadOnly = null)
    {
        var json = $$"""{ "endpoints": [ { "name": "pipeline", "url": "{{receiver.Url}}", "secret": "{{EventReceiver.Secret}}", "addresses": ["127.0.0.1"] } ] }""";
        _configuration = EventsConfigurationReader.Read(Encoding.UTF8.GetBytes(json), Path.GetTempPath());
        await _storage.Indexer.RunAsync(CancellationToken.None);
        var dispatch = new EventDispatch(
            () => _configuration,
            new EventSources
            {
                Feed = Ports.Changes,
                Changes = _changes,
                Deliveries = Ports.Events,
                ExternalUrl = null,
                Version = "1.0.0",
                IsReadOnly = isReadOnly ?? (() => false),
                Time = TimeProvider.System,
                Limits = limits,
            },
            NullLoggerFactory.Instance);
        dispatch.Start();
        await Eventually.HoldsAsync(async () => (await dispatch.ReadStatusAsync()).Single().Lanes.Count > 0, "the endpoint is held");
        return dispatch;
    }

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
            RepositoryName.Parse(repository), Tag.Parse(tag), image.MediaType, image.Manifest.Bytes, [], Precondition.None, ChangeOrigin.Collector, default);
        Assert.Null(stored.Error);
    }
}
