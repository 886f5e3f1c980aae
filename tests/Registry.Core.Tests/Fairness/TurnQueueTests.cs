using System.Net;
using Registry.Core.Fairness;

namespace Registry.Core.Tests.Fairness;

public sealed class TurnQueueTests
{
    private static readonly ClientNetwork One = ClientNetwork.Of(IPAddress.Parse("192.0.2.1"));
    private static readonly ClientNetwork Other = ClientNetwork.Of(IPAddress.Parse("192.0.2.2"));

    private readonly TurnQueue<string> _queue = new();

    [Fact]
    public void Networks_take_turns_and_each_keeps_its_order()
    {
        _queue.Add(One, "1a");
        _queue.Add(One, "1b");
        _queue.Add(One, "1c");
        _queue.Add(Other, "2a");
        _queue.Add(Other, "2b");

        Assert.Equal(["1a", "2a", "1b", "2b", "1c"], TakeAll());
        Assert.Equal((0, 0), (_queue.Count, _queue.CountOf(One)));
    }

    [Fact]
    public void A_network_whose_line_was_empty_is_the_last_in_turn()
    {
        _queue.Add(One, "1a");
        _queue.Add(Other, "2a");
        Assert.True(_queue.TryTake(out _));
        _queue.Add(One, "1b");

        Assert.Equal(["2a", "1b"], TakeAll());
    }

    [Fact]
    public void Removed_items_lose_their_turn()
    {
        _queue.Add(One, "1a");
        _queue.Add(Other, "2a");
        _queue.Add(Other, "2b");

        _queue.Remove(One, "1a");
        _queue.Remove(Other, "2a");
        _queue.Remove(Other, "unknown");

        Assert.Equal(["2b"], TakeAll());
    }

    [Fact]
    public void The_newest_item_of_the_network_with_the_most_is_found()
    {
        Assert.Null(_queue.NewestOfTheMost(out _));
        _queue.Add(One, "1a");
        _queue.Add(Other, "2a");
        _queue.Add(Other, "2b");

        Assert.Equal(("2b", 2), (_queue.NewestOfTheMost(out var count), count));
    }

    private List<string> TakeAll()
    {
        var taken = new List<string>();
        while (_queue.TryTake(out var item))
        {
            taken.Add(item);
        }

        return taken;
    }
}
