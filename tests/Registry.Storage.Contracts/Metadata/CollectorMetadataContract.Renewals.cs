using Registry.Core.Collection.Records;
using Registry.Core.Metadata;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>The running clock, and the renewal of links.</summary>
public abstract partial class CollectorMetadataContract
{
    [Fact]
    public async Task The_running_clock_goes_on_where_it_was_saved()
    {
        Assert.Equal(0, engine.Clock.Now);
        engine.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(100, engine.Clock.Now);
        await Collector.SaveClockAsync(0);
        engine.Advance(TimeSpan.FromSeconds(50));
        await engine.ReopenAsync(cleanly: false);
        Assert.Equal(100, engine.Clock.Now);
        engine.Advance(TimeSpan.FromSeconds(7));
        await engine.ReopenAsync(cleanly: true);
        Assert.Equal(107, engine.Clock.Now);
    }

    [Fact]
    public async Task The_end_of_a_pause_is_saved_with_the_clock()
    {
        Assert.Equal(0, Collector.PausedUntil);
        await Collector.SaveClockAsync(130);
        await engine.ReopenAsync(cleanly: false);
        Assert.Equal(130, Collector.PausedUntil);
        await engine.ReopenAsync(cleanly: true);
        Assert.Equal(130, Collector.PausedUntil);
    }

    [Fact]
    public async Task After_a_kill_the_clock_is_behind_and_what_was_idle_or_renewed_since_it_was_saved_stays_longer()
    {
        await LinkAsync(A, "blob");
        await LinkAsync(A, "other");
        engine.Advance(TimeSpan.FromSeconds(100));
        Assert.True(await Metadata.RenewBlobAsync(A, Blob));
        await engine.ReopenAsync(cleanly: false);
        Assert.Equal(0, engine.Clock.Now);
        Assert.Equal(100, (await Metadata.FindBlobAsync(A, Blob))?.IdleSince);

        // Renewed by a clock that has not come that far yet: nothing ends earlier for that.
        Assert.True(await Metadata.RenewBlobAsync(A, Blob));
        await LinkAsync(A, "blob");
        Assert.Equal(100, (await Metadata.FindBlobAsync(A, Blob))?.IdleSince);
        Assert.Equal([new BlobLink(A, Samples.Digest("other"))], await ExpireAsync(100));
        Assert.Single(await ExpireAsync(101));
    }

    [Fact]
    public async Task Renewing_restarts_the_idle_time_of_that_link()
    {
        await LinkAsync(A, "blob");
        await LinkAsync(B, "blob");
        engine.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await Metadata.RenewBlobAsync(A, Blob));
        Assert.Equal(new StoredBlob(4, Blob, IdleSince: 10), await Metadata.FindBlobAsync(A, Blob));
        Assert.Equal(new StoredBlob(4, Blob, IdleSince: 0), await Metadata.FindBlobAsync(B, Blob));
        Assert.Equal([new BlobLink(B, Blob)], await ExpireAsync(10));
        Assert.Equal([new BlobLink(A, Blob)], await ExpireAsync(11));
    }

    [Fact]
    public async Task Renewing_what_a_manifest_needs_changes_nothing()
    {
        await LinkAsync(A, "blob");
        var image = await PutAsync(A, Samples.Image("blob", []));
        engine.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await Metadata.RenewBlobAsync(A, Blob));
        Assert.Equal(new StoredBlob(4, Blob), await Metadata.FindBlobAsync(A, Blob));
        engine.Advance(TimeSpan.FromSeconds(10));
        Assert.Null((await Metadata.DeleteManifestAsync(A, image, Precondition.None)).Error);
        Assert.Equal(new StoredBlob(4, Blob, IdleSince: 20), await Metadata.FindBlobAsync(A, Blob));
    }

    [Fact]
    public async Task What_the_repository_does_not_have_cannot_be_renewed()
    {
        await LinkAsync(A, "blob");
        await LinkAsync(A, "other");
        Assert.False(await Metadata.RenewBlobAsync(A, Samples.Digest("unknown")));
        Assert.False(await Metadata.RenewBlobAsync(B, Blob));
        Assert.Null((await Metadata.UnlinkBlobAsync(A, Samples.Digest("other"))).Error);
        Assert.False(await Metadata.RenewBlobAsync(A, Samples.Digest("other")));
        Assert.Single(await ExpireAsync(long.MaxValue));
        Assert.False(await Metadata.RenewBlobAsync(A, Blob));
        Assert.Null(await Metadata.FindBlobAsync(A, Blob));
    }

    [Fact]
    public async Task A_renewal_survives_a_kill()
    {
        await LinkAsync(A, "blob");
        engine.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await Metadata.RenewBlobAsync(A, Blob));
        await engine.ReopenAsync(cleanly: false);
        Assert.Empty(await ExpireAsync(10));
    }
}
