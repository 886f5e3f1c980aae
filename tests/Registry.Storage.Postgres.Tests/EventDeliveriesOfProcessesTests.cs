using Registry.Core.Events;

namespace Registry.Storage.Postgres.Tests;

/// <summary>Two processes at one endpoint.</summary>
public sealed class EventDeliveriesOfProcessesTests : IAsyncDisposable
{
    private const string Endpoint = "pipeline";

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);
    private static readonly Guid One = Guid.NewGuid();
    private static readonly Guid Other = Guid.NewGuid();

    private readonly PostgresEngine _engine = new();

    private IEventDeliveries Events => _engine.Events;

    [Fact]
    public async Task One_process_at_a_time_holds_an_endpoint()
    {
        Assert.NotNull(await Events.HoldAsync(Endpoint, One, Lease, 0));
        Assert.Null(await Events.HoldAsync(Endpoint, Other, Lease, 0));
        Assert.NotNull(await Events.HoldAsync("other", Other, Lease, 0));

        await Events.ReleaseAsync(Endpoint, Other);
        Assert.Null(await Events.HoldAsync(Endpoint, Other, Lease, 0));

        await Events.ReleaseAsync(Endpoint, One);
        Assert.NotNull(await Events.HoldAsync(Endpoint, Other, Lease, 0));
        Assert.Null(await Events.HoldAsync(Endpoint, One, Lease, 0));
    }

    [Fact]
    public async Task Of_many_at_once_one_takes_it()
    {
        var holds = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Events.HoldAsync(Endpoint, Guid.NewGuid(), Lease, 0)));

        Assert.Single(holds, lanes => lanes is not null);
    }

    [Fact]
    public async Task A_hold_ends_with_its_time_and_what_the_first_process_records_late_is_left_out()
    {
        await Events.HoldAsync(Endpoint, One, Lease, 0);
        await _engine.RunAsync("UPDATE event_endpoints SET held_until = clock_timestamp() - interval '1 second'");

        var lanes = await Events.HoldAsync(Endpoint, Other, Lease, 0);
        Assert.NotNull(lanes);
        Assert.False(await Events.AdvanceAsync(Endpoint, One, [lanes[0] with { Position = 5 }], []));
        Assert.True(await Events.AdvanceAsync(Endpoint, Other, [lanes[0] with { Position = 6 }], []));
        Assert.Equal(6, (await Events.ListLanesAsync(Endpoint))[0].Position);
    }

    [Fact]
    public async Task A_clock_of_the_server_that_was_set_back_keeps_no_endpoint_for_long()
    {
        await Events.HoldAsync(Endpoint, One, Lease, 0);
        await _engine.RunAsync("UPDATE event_endpoints SET held_until = clock_timestamp() + interval '1 year'");

        Assert.NotNull(await Events.HoldAsync(Endpoint, Other, Lease, 0));
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();
}
