using System.Net;
using Registry.Core.Fairness;

namespace Registry.Core.Tests.Fairness;

public sealed class TurnSlotsTests
{
    private static readonly ClientNetwork One = ClientNetwork.Of(IPAddress.Parse("192.0.2.1"));
    private static readonly ClientNetwork Other = ClientNetwork.Of(IPAddress.Parse("192.0.2.2"));

    private readonly TurnSlots _slots = new(4);

    [Fact]
    public async Task One_network_leaves_a_slot_to_others()
    {
        var mine = await Task.WhenAll(Take(One), Take(One), Take(One));
        var more = Take(One);
        Assert.False(more.IsCompleted);

        var theirs = Take(Other);
        Assert.True(theirs.IsCompletedSuccessfully);
        mine[0]!.Dispose();
        Assert.NotNull(await more.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Networks_take_turns_for_what_becomes_free()
    {
        var taken = await Task.WhenAll(Take(One), Take(One), Take(One), Take(Other));
        var mine = Enumerable.Range(0, 100).Select(_ => Take(One)).ToList();
        var theirs = Take(Other);

        taken[0]!.Dispose();
        await mine[0].WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        Assert.False(theirs.IsCompleted);
        taken[1]!.Dispose();
        Assert.NotNull(await theirs.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.All(mine.Skip(1), one => Assert.False(one.IsCompleted));
    }

    [Fact]
    public async Task A_single_slot_is_for_one_after_the_other()
    {
        var slots = new TurnSlots(1);
        var first = await slots.TakeAsync(Timeout.InfiniteTimeSpan, default);
        Assert.Null(await slots.TakeAsync(TimeSpan.FromMilliseconds(1), default));
        first!.Dispose();
        first.Dispose();
        using var second = await slots.TakeAsync(TimeSpan.Zero, default);
        Assert.NotNull(second);
        Assert.Null(await slots.TakeAsync(TimeSpan.Zero, default));
    }

    [Fact]
    public async Task Who_leaves_the_queue_takes_nothing()
    {
        using var leaving = new CancellationTokenSource();
        var taken = await Task.WhenAll(Take(One), Take(One), Take(One));
        var gone = Take(One, leaving.Token);
        var next = Take(One);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);

        taken[0]!.Dispose();
        Assert.NotNull(await next.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
    }

    private async Task<IDisposable?> Take(ClientNetwork network, CancellationToken cancellationToken = default)
    {
        CurrentCaller.Network = network;
        return await _slots.TakeAsync(Timeout.InfiniteTimeSpan, cancellationToken);
    }
}
