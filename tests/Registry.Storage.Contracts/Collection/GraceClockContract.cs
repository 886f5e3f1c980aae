using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Contracts.Collection;

/// <summary>Contract of <see cref="IGraceClock"/>, together with its metadata.</summary>
public abstract class GraceClockContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Digest Blob = Samples.Digest("blob");

    [Fact]
    public async Task It_moves_on_by_the_time_that_passes()
    {
        var before = engine.Clock.Now;
        await engine.AdvanceAsync(TimeSpan.FromSeconds(100));
        Assert.Equal(before + 100, engine.Clock.Now);
    }

    [Fact]
    public async Task After_a_restart_it_goes_on_where_it_was()
    {
        await engine.AdvanceAsync(TimeSpan.FromSeconds(100));
        var before = engine.Clock.Now;
        await engine.ReopenAsync();
        Assert.Equal(before, engine.Clock.Now);
        await engine.AdvanceAsync(TimeSpan.FromSeconds(7));
        Assert.Equal(before + 7, engine.Clock.Now);
    }

    [Fact]
    public async Task After_a_kill_it_is_not_behind_what_was_saved_and_not_ahead_of_what_had_passed()
    {
        await engine.AdvanceAsync(TimeSpan.FromSeconds(100));
        await engine.Collector.SaveClockAsync(0);
        var saved = engine.Clock.Now;
        await engine.AdvanceAsync(TimeSpan.FromSeconds(50));
        await engine.ReopenAsync(cleanly: false);
        Assert.InRange(engine.Clock.Now, saved, saved + 50);
    }

    [Fact]
    public async Task It_is_not_behind_the_idle_times_that_the_engine_returns()
    {
        for (var second = 0; second < 3; second++)
        {
            await engine.AdvanceAsync(TimeSpan.FromSeconds(1));
            await engine.Metadata.LinkBlobAsync(A, Blob, 4);
            var idleSince = (await engine.Metadata.FindBlobAsync(A, Blob))?.IdleSince;
            Assert.InRange(engine.Clock.Now, idleSince!.Value, long.MaxValue);
        }
    }

    [Fact]
    public async Task Content_expires_when_it_has_been_idle_for_longer_than_the_grace_period_by_this_clock()
    {
        await engine.AdvanceAsync(TimeSpan.FromSeconds(5));
        await engine.Metadata.LinkBlobAsync(A, Blob, 4);
        var grace = TimeSpan.FromSeconds(10);
        await engine.AdvanceAsync(grace);
        Assert.Empty(await engine.Collector.ExpireLinksAsync(grace, 10));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal([new BlobLink(A, Blob)], await engine.Collector.ExpireLinksAsync(grace, 10));
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
