using Registry.Core.Changes;
using Registry.Core.Events;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Events;

/// <summary>Contract of <see cref="IEventDeliveries"/>.</summary>
public abstract class EventDeliveriesContract : IAsyncDisposable
{
    private const string Endpoint = "pipeline";

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);
    private static readonly Guid Holder = Guid.Parse("0197b0d0-0000-7000-8000-000000000001");
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123);
    private static readonly Digest Manifest = Digest.Parse($"sha256:{new string('a', 64)}");

    private readonly IMetadataEngine _engine;

    protected EventDeliveriesContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
    }

    private IEventDeliveries Events => _engine.Events;

    [Fact]
    public async Task A_new_endpoint_has_all_lanes_at_the_start_and_keeps_them()
    {
        Assert.Empty(await Events.ListLanesAsync(Endpoint));

        var lanes = await Events.HoldAsync(Endpoint, Holder, Lease, 7);

        Assert.Equal(Enumerable.Range(0, EventLane.Count).Select(number => new EventLane { Number = number, Position = 7 }), lanes);
        Assert.Equal(lanes, await Events.HoldAsync(Endpoint, Holder, Lease, 9));
        Assert.Equal(lanes, await Events.ListLanesAsync(Endpoint));
    }

    [Fact]
    public async Task A_lane_is_recorded_and_outlives_a_kill()
    {
        await Events.HoldAsync(Endpoint, Holder, Lease, 0);
        var lane = new EventLane { Number = 3, Position = 12, Delivered = 4, SetAside = 1, FailingSince = Time, Attempts = 2, Fault = "answered 500 Internal Server Error" };

        Assert.True(await Events.AdvanceAsync(Endpoint, Holder, [lane], []));
        await _engine.ReopenAsync(cleanly: false);

        Assert.Equal(lane, (await Events.ListLanesAsync(Endpoint))[3]);
        var delivered = lane with { Position = 13, Delivered = 5, FailingSince = null, Attempts = 0, Fault = null };
        Assert.True(await Events.AdvanceAsync(Endpoint, Holder, [delivered], []));
        Assert.Equal(delivered, (await Events.ListLanesAsync(Endpoint))[3]);
    }

    [Fact]
    public async Task A_replay_sets_all_lanes_back_and_is_not_undone_by_a_lane_from_before()
    {
        await Events.HoldAsync(Endpoint, Holder, Lease, 0);
        var lane = new EventLane { Number = 3, Position = 12, Delivered = 4, FailingSince = Time, Attempts = 2, Fault = "answered 500 Internal Server Error" };
        await Events.AdvanceAsync(Endpoint, Holder, [lane], []);

        Assert.True(await Events.ReplayAsync(Endpoint, 5));
        Assert.False(await Events.AdvanceAsync(Endpoint, Holder, [lane with { Position = 13 }], []));

        var lanes = await Events.HoldAsync(Endpoint, Holder, Lease, 0);
        Assert.All(lanes!, one => Assert.Equal((5, 1), (one.Position, one.Generation)));
        Assert.Equal(new EventLane { Number = 3, Position = 5, Generation = 1, Delivered = 4 }, lanes![3]);
        Assert.True(await Events.AdvanceAsync(Endpoint, Holder, [lanes[3] with { Position = 6 }], []));
        Assert.False(await Events.ReplayAsync("other", 5));
    }

    [Fact]
    public async Task The_last_events_are_listed_the_newest_first_and_no_more_of_a_lane_than_are_remembered()
    {
        await Events.HoldAsync(Endpoint, Holder, Lease, 0);
        var count = EventDelivery.Remembered + 10;
        for (var i = 1; i <= count; i++)
        {
            await Events.AdvanceAsync(Endpoint, Holder, [new EventLane { Number = 2, Position = i, Delivered = i }], [Delivery(2, i, isSetAside: false)]);
        }

        var listed = await Events.ListAsync(Endpoint, areSetAside: false, 1000);

        Assert.Equal(Enumerable.Range(11, EventDelivery.Remembered).Reverse().Select(i => Delivery(2, i, isSetAside: false)), listed);
        Assert.Equal(listed.Take(5), await Events.ListAsync(Endpoint, areSetAside: false, 5));
        Assert.Empty(await Events.ListAsync(Endpoint, areSetAside: true, 5));
        Assert.Empty(await Events.ListAsync("other", areSetAside: false, 5));
    }

    [Fact]
    public async Task Several_events_that_were_set_aside_at_once_are_listed_beside_those_that_were_delivered()
    {
        await Events.HoldAsync(Endpoint, Holder, Lease, 0);
        var aside = Enumerable.Range(1, 3).Select(i => Delivery(4, i, isSetAside: true)).ToList();
        var delivered = Delivery(4, 4, isSetAside: false) with { Tag = null, Digest = null, Kind = ChangeKind.RepositoryRenamed, Status = 200, Fault = null };

        await Events.AdvanceAsync(Endpoint, Holder, [new EventLane { Number = 4, Position = 3, SetAside = 3 }], aside);
        await Events.AdvanceAsync(Endpoint, Holder, [new EventLane { Number = 4, Position = 4, SetAside = 3, Delivered = 1 }], [delivered]);

        Assert.Equal(aside.AsEnumerable().Reverse(), await Events.ListAsync(Endpoint, areSetAside: true, 10));
        Assert.Equal([delivered], await Events.ListAsync(Endpoint, areSetAside: false, 10));
    }

    [Fact]
    public async Task An_endpoint_that_nothing_holds_and_no_configuration_has_is_forgotten()
    {
        await Events.HoldAsync(Endpoint, Holder, TimeSpan.FromMilliseconds(1), 7);
        await Events.HoldAsync("kept", Holder, TimeSpan.FromMilliseconds(1), 7);
        await Events.ReleaseAsync(Endpoint, Holder);
        await Events.AdvanceAsync(Endpoint, Holder, [new EventLane { Number = 0, Position = 8, Delivered = 1 }], [Delivery(0, 8, isSetAside: false)]);

        await Events.ForgetAsync(["kept"], TimeSpan.FromDays(3));
        Assert.NotEmpty(await Events.ListLanesAsync(Endpoint));

        await Events.ForgetAsync(["kept"], TimeSpan.FromMilliseconds(-2000));
        Assert.Empty(await Events.ListLanesAsync(Endpoint));
        Assert.Empty(await Events.ListAsync(Endpoint, areSetAside: false, 10));
        Assert.NotEmpty(await Events.ListLanesAsync("kept"));
    }

    [Fact]
    public async Task The_epoch_of_the_changes_stays_the_same_until_another_one_begins()
    {
        var epoch = await _engine.Feed.FindEpochAsync();
        await _engine.ReopenAsync(cleanly: false);

        Assert.InRange(epoch, 0, (1L << 48) - 1);
        Assert.Equal(epoch, await _engine.Feed.FindEpochAsync());
        await _engine.Feed.BeginEpochAsync();
        Assert.NotEqual(epoch, await _engine.Feed.FindEpochAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private static EventDelivery Delivery(int lane, int position, bool isSetAside) => new()
    {
        Lane = lane,
        Position = position,
        Kind = ChangeKind.TagSet,
        Repository = RepositoryName.Parse("team/app"),
        Tag = Tag.Parse("v1"),
        Digest = Manifest,
        Time = Time.AddSeconds(position),
        IsSetAside = isSetAside,
        Attempts = 3,
        Status = null,
        Fault = "did not answer in time",
        Milliseconds = 15_000,
    };
}
