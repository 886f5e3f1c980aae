using Registry.Core.Collection.Records;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Contracts.Collection;

namespace Registry.Storage.Sqlite.Tests.Contracts;

/// <summary>The clock of one process, which saves it in each cycle of the collector and at its end.</summary>
public sealed class SqliteGraceClockTests() : GraceClockContract(new SqliteEngine())
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Digest Blob = Samples.Digest("blob");
    private static readonly Digest Other = Samples.Digest("other");

    [Fact]
    public async Task After_a_kill_it_goes_on_where_it_was_saved()
    {
        await using var engine = new SqliteEngine();
        Assert.Equal(0, engine.Clock.Now);
        await engine.AdvanceAsync(TimeSpan.FromSeconds(100));
        await engine.Collector.SaveClockAsync(0);
        await engine.AdvanceAsync(TimeSpan.FromSeconds(50));
        await engine.ReopenAsync(cleanly: false);
        Assert.Equal(100, engine.Clock.Now);
        await engine.AdvanceAsync(TimeSpan.FromSeconds(7));
        await engine.ReopenAsync(cleanly: true);
        Assert.Equal(107, engine.Clock.Now);
    }

    [Fact]
    public async Task After_a_kill_it_is_behind_and_content_that_was_idle_or_renewed_since_it_was_saved_stays_longer()
    {
        await using var engine = new SqliteEngine();
        await engine.Metadata.LinkBlobAsync(A, Blob, 4);
        await engine.Metadata.LinkBlobAsync(A, Other, 5);
        await engine.AdvanceAsync(TimeSpan.FromSeconds(100));
        Assert.True(await engine.Metadata.RenewBlobAsync(A, Blob));
        await engine.ReopenAsync(cleanly: false);
        Assert.Equal(0, engine.Clock.Now);
        Assert.Equal(100, (await engine.Metadata.FindBlobAsync(A, Blob))?.IdleSince);

        // Renewed by a clock that has not come that far yet: nothing ends earlier for that.
        Assert.True(await engine.Metadata.RenewBlobAsync(A, Blob));
        await engine.Metadata.LinkBlobAsync(A, Blob, 4);
        Assert.Equal(100, (await engine.Metadata.FindBlobAsync(A, Blob))?.IdleSince);
        Assert.Equal([new BlobLink(A, Other)], await engine.Collector.ExpireLinksAsync(engine.IdleBefore(100), 10));
        Assert.Single(await engine.Collector.ExpireLinksAsync(engine.IdleBefore(101), 10));
    }
}
