using System.Net;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Server.Memory;

namespace Registry.Server.Tests.Memory;

public sealed class MemoryBudgetTests
{
    // Of which 100 are shared, and a caller that holds 3 holds little.
    private const int Limit = 114;
    private const int Reserve = 14;

    private static readonly MemoryHolder One = new(null, ClientNetwork.Of(IPAddress.Parse("192.0.2.1")));
    private static readonly MemoryHolder Other = new(null, ClientNetwork.Of(IPAddress.Parse("192.0.2.2")));

    private readonly FakeTimeProvider _time = new();
    private readonly MemoryBudget _budget;

    public MemoryBudgetTests() => _budget = new MemoryBudget(Limit, _time, reserve: Reserve);

    [Fact]
    public async Task One_caller_may_use_all_that_is_shared_while_no_other_needs_any()
    {
        using var first = await HeldAsync(One, 60);
        using var second = await HeldAsync(One, 40);

        Assert.Equal(100, _budget.Used);
        first.ShrinkTo(10);
        Assert.Equal(50, _budget.Used);
        second.Dispose();
        second.Dispose();
        Assert.Equal(10, _budget.Used);
        Assert.Equal(0, _budget.Refused);
    }

    [Fact]
    public async Task A_request_waits_until_another_returns_its_bytes()
    {
        using var first = await HeldAsync(One, 100);
        using var second = _budget.Open(Other);

        var waiting = second.AddAsync(30, default);
        Assert.False(waiting.IsCompleted);
        first.ShrinkTo(80);
        Assert.False(waiting.IsCompleted);
        first.ShrinkTo(70);

        Assert.Null(await waiting);
        Assert.Equal(100, _budget.Used);
        Assert.Equal(0, _budget.Refused);
    }

    [Fact]
    public async Task The_oldest_request_of_the_caller_that_holds_the_most_gives_way_after_a_second()
    {
        using var oldest = await HeldAsync(One, 40);
        using var newer = await HeldAsync(One, 40);
        using var small = await HeldAsync(Other, 20);
        oldest.GiveWay = oldest.Dispose;
        newer.GiveWay = () => Assert.Fail("the newer request gave way");
        small.GiveWay = () => Assert.Fail("the caller that holds less gave way");
        using var third = _budget.Open(new MemoryHolder("alice", default));

        var waiting = third.AddAsync(30, default).AsTask();
        Assert.False(waiting.IsCompleted);
        _time.Advance(MemoryBudget.Settled);

        Assert.Null(await waiting.WaitAsync(Patience.Limit));
        Assert.Equal(90, _budget.Used);
        Assert.Equal(1, _budget.Refused);
    }

    [Fact]
    public async Task A_request_that_does_not_wait_for_its_client_never_gives_way()
    {
        using var busy = await HeldAsync(One, 100);
        using var waits = _budget.Open(Other);

        Assert.Equal(RegistryErrorCode.MemoryUsed, await RefusedAsync(waits, 10));
        Assert.Equal(100, _budget.Used);
        Assert.Equal(1, _budget.Refused);
    }

    [Fact]
    public async Task The_caller_that_holds_the_most_makes_no_room_for_itself()
    {
        using var held = await HeldAsync(One, 100);
        held.GiveWay = () => Assert.Fail("a request gave way to one of the same caller");
        using var more = _budget.Open(One);

        Assert.Equal(RegistryErrorCode.MemoryShareUsed, await RefusedAsync(more, 10));
    }

    [Fact]
    public async Task A_request_whose_client_has_just_gone_on_neither_ends_nor_counts_as_ending()
    {
        using var held = await HeldAsync(One, 100);
        held.GiveWay = () => held.GiveWay = null;
        _time.Advance(MemoryBudget.Settled);
        using var second = _budget.Open(Other);
        var waiting = second.AddAsync(10, default).AsTask();
        await Eventually.HoldsAsync(() => Task.FromResult(held is { GiveWay: null, IsLeaving: false }), "it was asked to give way, and stays");

        // A second later, its client pauses again, and it is asked again.
        held.Wait(held.Dispose);
        Assert.False(waiting.IsCompleted);
        _time.Advance(MemoryBudget.Settled);

        Assert.Null(await waiting.WaitAsync(Patience.Limit));
        Assert.Equal(10, _budget.Used);
    }

    [Fact]
    public async Task What_has_no_room_at_once_is_not_added()
    {
        using var held = await HeldAsync(One, 60);
        using var second = _budget.Open(Other);

        Assert.False(second.TryAdd(41));
        Assert.True(second.TryAdd(40));
        Assert.Equal(100, _budget.Used);
        Assert.Equal(0, _budget.Refused);
    }

    [Fact]
    public async Task No_more_requests_wait_than_may()
    {
        var budget = new MemoryBudget(100, _time, maxWaiting: 1);
        using var held = budget.Open(One);
        Assert.True(held.TryAdd(100));
        using var first = budget.Open(Other);
        using var second = budget.Open(Other);
        var waiting = first.AddAsync(10, default).AsTask();

        Assert.Equal(RegistryErrorCode.MemoryUsed, (await second.AddAsync(10, default).AsTask().WaitAsync(Patience.Limit))?.Code);
        Assert.False(waiting.IsCompleted);
        held.Dispose();
        Assert.Null(await waiting.WaitAsync(Patience.Limit));
    }

    [Fact]
    public async Task A_full_queue_refuses_the_caller_that_would_hold_the_most()
    {
        var budget = new MemoryBudget(Limit, _time, maxWaiting: 1, reserve: Reserve);
        using var held = budget.Open(One);
        Assert.True(held.TryAdd(100));
        using var more = budget.Open(One);
        using var second = budget.Open(Other);
        var greedy = more.AddAsync(10, default).AsTask();

        var waiting = second.AddAsync(10, default).AsTask();

        Assert.Equal(RegistryErrorCode.MemoryShareUsed, (await greedy.WaitAsync(Patience.Limit))?.Code);
        Assert.Equal(1, budget.Refused);
        Assert.False(waiting.IsCompleted);
        held.ShrinkTo(90);
        Assert.Null(await waiting.WaitAsync(Patience.Limit));
    }

    [Fact]
    public async Task The_reserve_is_for_callers_that_hold_little()
    {
        using var all = await HeldAsync(One, 100);
        using var more = _budget.Open(One);
        using var little = _budget.Open(Other);
        Assert.False(more.TryAdd(1));

        // Although a request of another caller waits.
        var waiting = more.AddAsync(1, default);
        Assert.Null(await little.AddAsync(3, default));
        Assert.False(waiting.IsCompleted);
        Assert.False(little.TryAdd(1));
        Assert.Equal(103, _budget.Used);

        all.ShrinkTo(90);
        Assert.Null(await waiting);
    }

    [Fact]
    public async Task A_request_that_needs_more_than_is_shared_waits_until_nothing_else_is_held()
    {
        using var small = await HeldAsync(One, 20);
        using var large = _budget.Open(Other);
        var waiting = large.AddAsync(Limit, default).AsTask();
        Assert.False(waiting.IsCompleted);

        small.Dispose();
        Assert.Null(await waiting.WaitAsync(Patience.Limit));
        Assert.Equal(Limit, _budget.Used);
    }

    [Fact]
    public async Task Returned_bytes_go_to_the_caller_that_holds_the_least()
    {
        using var held = await HeldAsync(One, 100);
        using var more = _budget.Open(One);
        using var second = _budget.Open(Other);

        var first = more.AddAsync(10, default);
        var waiting = second.AddAsync(10, default);
        held.ShrinkTo(90);

        Assert.Null(await waiting);
        Assert.False(first.IsCompleted);
    }

    [Fact]
    public async Task A_request_that_gives_way_does_not_wait_for_more()
    {
        using var stalled = await HeldAsync(One, 100);
        stalled.GiveWay = () => { };
        _time.Advance(MemoryBudget.Settled);
        var growing = stalled.AddAsync(20, default).AsTask();
        using var second = _budget.Open(Other);
        var waiting = second.AddAsync(10, default);

        Assert.Equal(RegistryErrorCode.MemoryShareUsed, (await growing.WaitAsync(Patience.Limit))?.Code);
        stalled.Dispose();
        Assert.Null(await waiting);
    }

    [Fact]
    public async Task A_client_that_goes_away_waits_no_more_and_takes_nothing()
    {
        using var held = await HeldAsync(One, 100);
        using var gone = new CancellationTokenSource();
        using var waits = _budget.Open(Other);
        var waiting = waits.AddAsync(10, gone.Token).AsTask();

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        held.Dispose();
        Assert.Equal(0, _budget.Used);
    }

    [Fact]
    public async Task A_request_that_ends_while_it_waits_gets_nothing_and_keeps_no_other_waiting()
    {
        using var held = await HeldAsync(One, 100);
        var ends = _budget.Open(Other);
        using var third = _budget.Open(new MemoryHolder("alice", default));
        var ended = ends.AddAsync(10, default).AsTask();
        var waiting = third.AddAsync(20, default).AsTask();

        ends.Dispose();
        held.Dispose();

        Assert.Equal(RegistryErrorCode.MemoryUsed, (await ended.WaitAsync(Patience.Limit))?.Code);
        Assert.Null(await waiting.WaitAsync(Patience.Limit));
        Assert.Equal((20, 0), (_budget.Used, _budget.Refused));
    }

    [Fact]
    public async Task The_end_of_a_request_that_waits_twice_ends_both_waits()
    {
        using var held = await HeldAsync(One, 100);
        var ends = _budget.Open(Other);
        var ended = new[] { ends.AddAsync(10, default).AsTask(), ends.AddAsync(5, default).AsTask() };

        ends.Dispose();
        held.Dispose();

        Assert.All(await Task.WhenAll(ended).WaitAsync(Patience.Limit), error => Assert.Equal(RegistryErrorCode.MemoryUsed, error?.Code));
        Assert.Equal((0, 0), (_budget.Used, _budget.Refused));
        using var next = await HeldAsync(One, 100);
    }

    [Fact]
    public async Task A_request_that_has_ended_reserves_nothing_more()
    {
        var ended = await HeldAsync(One, 10);
        ended.Dispose();

        Assert.False(ended.TryAdd(10));
        Assert.Equal(RegistryErrorCode.MemoryUsed, (await ended.AddAsync(10, default))?.Code);
        Assert.Equal((0, 0), (_budget.Used, _budget.Refused));
    }

    [Fact]
    public void A_user_is_the_same_caller_at_every_address() =>
        Assert.Equal(new MemoryHolder("alice", ClientNetwork.Of(IPAddress.Loopback)), new MemoryHolder("alice", ClientNetwork.Of(IPAddress.IPv6Loopback)));

    private async Task<MemoryReservation> HeldAsync(MemoryHolder holder, long bytes)
    {
        var reservation = _budget.Open(holder);
        Assert.Null(await reservation.AddAsync(bytes, default));
        return reservation;
    }

    private async Task<RegistryErrorCode?> RefusedAsync(MemoryReservation reservation, long bytes)
    {
        var waiting = reservation.AddAsync(bytes, default).AsTask();
        while (!waiting.IsCompleted)
        {
            _time.Advance(MemoryBudget.Settled);
            await Task.Yield();
        }

        return (await waiting)?.Code;
    }
}
