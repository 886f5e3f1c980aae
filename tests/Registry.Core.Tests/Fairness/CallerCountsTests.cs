using Registry.Core.Fairness;

namespace Registry.Core.Tests.Fairness;

public class CallerCountsTests
{
    [Fact]
    public void A_caller_has_no_more_than_the_most_and_others_have_their_own()
    {
        var counts = new CallerCounts<string>(2);

        Assert.True(counts.TryEnter("alice"));
        Assert.True(counts.TryEnter("alice"));
        Assert.False(counts.TryEnter("alice"));
        Assert.True(counts.TryEnter("bob"));

        counts.Leave("alice");
        Assert.True(counts.TryEnter("alice"));
        Assert.False(counts.TryEnter("alice"));
    }

    [Fact]
    public async Task Callers_at_the_same_time_never_have_more_than_the_most()
    {
        const int most = 3;
        var counts = new CallerCounts<string>(most);
        var present = 0;
        await Parallel.ForAsync(0, 2000, (_, _) =>
        {
            if (counts.TryEnter("alice"))
            {
                Assert.InRange(Interlocked.Increment(ref present), 1, most);
                Interlocked.Decrement(ref present);
                counts.Leave("alice");
            }

            return ValueTask.CompletedTask;
        });

        Assert.All(Enumerable.Range(0, most), _ => Assert.True(counts.TryEnter("alice")));
        Assert.False(counts.TryEnter("alice"));
    }
}
