using System.Collections.Concurrent;
using System.Net;
using Registry.Core.Fairness;
using Registry.Server.Transport;

namespace Registry.Server.Tests.Transport;

/// <summary>Turns of work that keeps a processor busy for long.</summary>
public sealed class ProcessorTurnsTests
{
    private static readonly ClientNetwork Crowd = ClientNetwork.Of(IPAddress.Parse("192.0.2.1"));
    private static readonly ClientNetwork Other = ClientNetwork.Of(IPAddress.Parse("192.0.2.2"));

    [Fact]
    public async Task Networks_take_turns_and_one_turn_at_a_time_is_in_the_queue_of_the_thread_pool()
    {
        var turns = new ProcessorTurns(atOnce: 1);
        var order = new ConcurrentQueue<string>();
        using var begun = new ManualResetEventSlim();
        using var gate = new ManualResetEventSlim();
        var first = SendAsync("first", Crowd, () =>
        {
            begun.Set();
            Assert.True(gate.Wait(Patience.Limit));
        });
        Assert.True(begun.Wait(Patience.Limit));
        Task[] others = [SendAsync("crowd", Crowd), SendAsync("crowd", Crowd), SendAsync("crowd", Crowd), SendAsync("other", Other)];

        // Work that comes later waits for none of them.
        await Task.Run(() => { });
        Assert.Equal(["first"], order);

        gate.Set();
        await first.WaitAsync(Patience.Limit);
        await Task.WhenAll(others).WaitAsync(Patience.Limit);
        Assert.Equal(["first", "crowd", "other", "crowd", "crowd"], order);

        async Task SendAsync(string name, ClientNetwork network, Action? send = null)
        {
            await turns.NextAsync(network);
            order.Enqueue(name);
            send?.Invoke();
        }
    }

    [Fact]
    public async Task Every_turn_comes_however_many_there_are()
    {
        var turns = new ProcessorTurns(atOnce: 2);
        var taken = 0;

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            for (var turn = 0; turn < 50; turn++)
            {
                await turns.NextAsync(i % 3 == 0 ? Other : Crowd);
                Interlocked.Increment(ref taken);
            }
        })).WaitAsync(Patience.Limit);

        Assert.Equal(5000, taken);
    }
}
