using Microsoft.Extensions.Time.Testing;
using Registry.Mirror.Fetches;

namespace Registry.Mirror.Tests.Fetches;

public sealed class FetchReadersTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Without_a_reader_a_fetch_waits_for_five_minutes_and_takes_none_afterwards()
    {
        var readers = new FetchReaders(_time);
        using (readers.TryEnter())
        {
            _time.Advance(TimeSpan.FromHours(1));
            Assert.False(readers.IsDeserted);
        }

        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(readers.IsDeserted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(readers.IsDeserted);
        var waiting = readers.WaitAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<OperationCanceledException>(() => waiting);
        Assert.Null(readers.TryEnter());
    }

    [Fact]
    public async Task A_reader_that_comes_wakes_the_fetch()
    {
        var readers = new FetchReaders(_time);
        var waiting = readers.WaitAsync(TestContext.Current.CancellationToken);

        using var reader = readers.TryEnter();

        Assert.NotNull(reader);
        await waiting.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        Assert.Equal(1, readers.Count);
    }

    [Fact]
    public async Task A_reader_that_comes_when_the_time_is_over_joins_or_is_refused_and_never_both()
    {
        for (var i = 0; i < 2000; i++)
        {
            var time = new FakeTimeProvider();
            var readers = new FetchReaders(time);
            var waiting = readers.WaitAsync(TestContext.Current.CancellationToken);
            using var start = new Barrier(2);
            var entering = Task.Run(() =>
            {
                start.SignalAndWait();
                Thread.SpinWait(i % 200 * 100);
                return readers.TryEnter();
            });
            start.SignalAndWait();
            time.Advance(TimeSpan.FromMinutes(5));

            var hasEntered = await entering is not null;
            var hasEnded = await Record.ExceptionAsync(() => waiting) is OperationCanceledException;
            Assert.NotEqual(hasEntered, hasEnded);
        }
    }
}
