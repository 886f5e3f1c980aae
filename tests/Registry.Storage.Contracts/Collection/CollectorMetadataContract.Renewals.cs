using Registry.Core.Collection.Records;
using Registry.Core.Metadata;

namespace Registry.Storage.Contracts.Collection;

/// <summary>Pauses, and the renewal of links.</summary>
public abstract partial class CollectorMetadataContract
{
    [Fact]
    public async Task The_latest_end_of_a_pause_is_saved_with_the_clock()
    {
        Assert.Equal(0, Collector.PausedUntil);
        Assert.Equal(130, await Collector.SaveClockAsync(130));
        await engine.ReopenAsync(cleanly: false);
        Assert.Equal(130, Collector.PausedUntil);
        Assert.Equal(130, await Collector.SaveClockAsync(0));
        Assert.Equal(130, await Collector.SaveClockAsync(120));
        await engine.ReopenAsync(cleanly: true);
        Assert.Equal(130, Collector.PausedUntil);
        Assert.Equal(140, await Collector.SaveClockAsync(140));
    }

    [Fact]
    public async Task Renewing_restarts_the_idle_time_of_that_link()
    {
        await LinkAsync(A, "blob");
        await LinkAsync(B, "blob");
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.True(await Metadata.RenewBlobAsync(A, Blob));
        Assert.Equal(new StoredBlob(4, Blob, IdleSince: 10), await Metadata.FindBlobAsync(A, Blob));
        Assert.Equal(new StoredBlob(4, Blob, IdleSince: 0), await Metadata.FindBlobAsync(B, Blob));
        Assert.Equal([new BlobLink(B, Blob)], await ExpireAsync(engine.IdleBefore(10)));
        Assert.Equal([new BlobLink(A, Blob)], await ExpireAsync(engine.IdleBefore(11)));
    }

    [Fact]
    public async Task Renewing_what_a_manifest_needs_changes_nothing()
    {
        await LinkAsync(A, "blob");
        var image = await PutAsync(A, Samples.Image("blob", []));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.True(await Metadata.RenewBlobAsync(A, Blob));
        Assert.Equal(new StoredBlob(4, Blob), await Metadata.FindBlobAsync(A, Blob));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
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
        Assert.Single(await ExpireAsync(IdleTimes.Any));
        Assert.False(await Metadata.RenewBlobAsync(A, Blob));
        Assert.Null(await Metadata.FindBlobAsync(A, Blob));
    }

    [Fact]
    public async Task A_renewal_survives_a_kill()
    {
        await LinkAsync(A, "blob");
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.True(await Metadata.RenewBlobAsync(A, Blob));
        await engine.ReopenAsync(cleanly: false);
        Assert.Empty(await ExpireAsync(engine.IdleBefore(10)));
    }
}
