using Registry.Core.Collection.Records;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Trash;

public abstract partial class TrashContract
{
    [Fact]
    public async Task A_manifest_in_the_trash_holds_its_bytes_and_blobs_beyond_any_grace_period()
    {
        await PushAsync(A, Image, "v1");
        await DeleteAsync(A, Image);
        Assert.Equal(0, await CollectAsync(IdleTimes.Any));
        Assert.Equal(0, (await _engine.Collector.ListRemovableBlobsAsync(IdleTimes.Any, 10)).Count);
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
        Assert.Equal([new(A, Of(Image))], (await _engine.Collector.ExplainAsync(Samples.Digest("layer"), 10)).KeptByTrash);
        Assert.Equal([new(A, Of(Image))], (await _engine.Collector.ExplainAsync(Of(Image), 10)).KeptByTrash);

        // Also one that comes later.
        Assert.Null((await _engine.Metadata.UnlinkBlobAsync(A, Samples.Digest("layer"))).Error);
        await LinkAsync(A, "layer");
        Assert.Null((await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")))!.IdleSince);
    }

    [Fact]
    public async Task The_grace_period_of_what_it_held_begins_when_the_entry_goes()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(A, OtherImage);
        await DeleteAsync(A, Image);
        await _engine.AdvanceAsync(Period);
        Assert.Empty(await _engine.Collector.ListOldTrashAsync(Period, 10));
        Assert.Empty(await _engine.Collector.ExpireTrashAsync(A, [Of(Image)], Period));
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal([new TrashRecord(A, Of(Image))], await _engine.Collector.ListOldTrashAsync(Period, 10));
        Assert.Equal([Of(Image)], await _engine.Collector.ExpireTrashAsync(A, [Of(Image)], Period));
        Assert.Empty(await _engine.Collector.ExpireTrashAsync(A, [Of(Image)], Period));

        // As after a deletion, the bytes of the manifest go at once.
        Assert.Equal([Of(Image)], await _engine.Collector.ListOrphansAsync(10));
        Assert.Equal(1, await CollectAsync(Grace));
        await _engine.AdvanceAsync(Grace);
        Assert.Equal(0, await CollectAsync(Grace));
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(2, await CollectAsync(Grace));
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("config")));
    }

    [Fact]
    public async Task The_oldest_entries_expire_first()
    {
        await PushAsync(A, Image);
        await PushAsync(B, Image);
        await PushAsync(A, OtherImage);
        await DeleteAsync(B, Image);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        await DeleteAsync(A, OtherImage);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        await DeleteAsync(A, Image);
        await _engine.AdvanceAsync(Period);
        TrashRecord[] old = [new(B, Of(Image)), new(A, Of(OtherImage))];
        Assert.Equal(old, await _engine.Collector.ListOldTrashAsync(Period, 10));
        Assert.Equal(old[..1], await _engine.Collector.ListOldTrashAsync(Period, 1));
        Assert.Equal([Of(OtherImage)], await _engine.Collector.ExpireTrashAsync(A, [Of(Image), Of(OtherImage)], Period));
        Assert.NotNull(await _engine.Trash.FindAsync(A, Of(Image)));
    }

    [Fact]
    public async Task An_index_in_the_trash_holds_its_children()
    {
        await PushAsync(A, Image);
        await StoreAsync(A, Index);
        await DeleteAsync(A, Index);
        await _engine.AdvanceAsync(Grace + Period);
        Assert.Equal(0, await CollectAsync(Grace));
        Assert.Null((await _engine.Metadata.FindManifestAsync(A, Of(Image)))!.IdleSince);

        // A tag that comes and goes releases nothing.
        await StoreAsync(A, Image, "child");
        Assert.Null((await _operations.Manifests.DeleteAsync(A, Tag.Parse("child"), Precondition.None, ContractOrigin.Request)).Error);
        Assert.Null((await _engine.Metadata.FindManifestAsync(A, Of(Image)))!.IdleSince);

        await _engine.Collector.ExpireTrashAsync();
        Assert.Equal(_engine.Clock.Now, (await _engine.Metadata.FindManifestAsync(A, Of(Image)))!.IdleSince);
        await _engine.AdvanceAsync(Grace + TimeSpan.FromSeconds(1));
        await CollectAsync(Grace);
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, Of(Image)));
    }

    [Fact]
    public async Task A_restored_index_leaves_its_children_as_they_were()
    {
        await PushAsync(A, Image);
        await StoreAsync(A, Index);
        await DeleteAsync(A, Index);
        Assert.Null((await RestoreAsync(A, Index)).Error);
        var child = Assert.Single((await _engine.Collector.ExplainAsync(Of(Image), 10)).ManifestOf).Record;
        Assert.Equal((null, true), (child.IdleSince, child.IsRoot));
        await DeleteAsync(A, Index);
        await StoreAsync(A, Index);
        child = Assert.Single((await _engine.Collector.ExplainAsync(Of(Image), 10)).ManifestOf).Record;
        Assert.Equal((null, true), (child.IdleSince, child.IsRoot));
    }

    [Fact]
    public async Task A_child_that_is_pushed_while_its_index_is_in_the_trash_is_held()
    {
        await StoreAsync(A, Index);
        await DeleteAsync(A, Index);
        await PushAsync(A, Image);
        Assert.Null((await _engine.Metadata.FindManifestAsync(A, Of(Image)))!.IdleSince);
    }

    [Fact]
    public async Task A_subject_in_the_trash_holds_its_referrers()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(A, Signature);
        await DeleteAsync(A, Image);
        await _engine.AdvanceAsync(Grace + Period);
        Assert.Equal(0, await CollectAsync(Grace));
        Assert.Equal([Of(Signature)], (await _engine.Metadata.ListReferrersAsync(A, Of(Image), null, null, 10)).Items.Select(one => one.Digest));
        Assert.Equal(Of(Image), Assert.Single((await _engine.Collector.ExplainAsync(Of(Signature), 10)).ManifestOf).Subject);

        // One that is pushed now, too.
        var late = Samples.Image("config", [], Samples.Child(Image), note: "late");
        await StoreAsync(A, late);
        Assert.Null((await _engine.Metadata.FindManifestAsync(A, Of(late)))!.IdleSince);

        await _engine.Collector.ExpireTrashAsync();
        Assert.Equal(_engine.Clock.Now, (await _engine.Metadata.FindManifestAsync(A, Of(Signature)))!.IdleSince);
        await _engine.AdvanceAsync(Grace + TimeSpan.FromSeconds(1));
        await CollectAsync(Grace);
        Assert.Empty((await _engine.Metadata.ListReferrersAsync(A, Of(Image), null, null, 10)).Items);
    }

    [Fact]
    public async Task A_subject_in_the_trash_holds_very_many_referrers_until_all_are_released()
    {
        await PushAsync(A, Image);
        byte[][] referrers = [.. Enumerable.Range(0, 250).Select(i => Samples.Image("config", [], Samples.Child(Image), note: $"{i}"))];
        foreach (var referrer in referrers)
        {
            await StoreAsync(A, referrer);
        }

        await DeleteAsync(A, Image);
        Assert.Empty(await _engine.Collector.ListUnsettledSubjectsAsync(10));
        Assert.Empty(await _engine.Collector.ListIdleManifestsAsync(IdleTimes.Any, withRoots: true, 1000));
        Assert.Null((await RestoreAsync(A, Image)).Error);
        await DeleteAsync(A, Image);
        while (await _engine.Collector.ListUnsettledSubjectsAsync(10) is [var unsettled, ..])
        {
            await _engine.Collector.SettleReferrersAsync(unsettled);
        }

        Assert.Empty(await _engine.Collector.ListIdleManifestsAsync(IdleTimes.Any, withRoots: true, 1000));
        await _engine.Collector.ExpireTrashAsync();
        await CollectAsync(IdleTimes.Any);
        Assert.Empty((await _engine.Listing.ReadAsync(A)).Manifests);
    }

    [Fact]
    public async Task A_signature_goes_into_the_trash_beside_its_subject_and_comes_back_held()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(A, Signature);
        await DeleteAsync(A, Image);
        await DeleteAsync(A, Signature);
        Assert.Equal(0, await CollectAsync(IdleTimes.Any));
        Assert.Null((await RestoreAsync(A, Signature)).Error);
        Assert.Null((await _engine.Metadata.FindManifestAsync(A, Of(Signature)))!.IdleSince);
        Assert.Equal([Of(Signature)], (await _engine.Metadata.ListReferrersAsync(A, Of(Image), null, null, 10)).Items.Select(one => one.Digest));
        Assert.Null((await RestoreAsync(A, Image)).Error);
        Assert.Equal(0, await CollectAsync(IdleTimes.Any));
    }

    [Fact]
    public async Task Two_repositories_hold_the_same_content_each_by_itself()
    {
        await PushAsync(A, Image);
        await PushAsync(B, Image);
        await DeleteAsync(A, Image);
        await DeleteAsync(B, Image);
        Assert.Equal([Of(Image)], await _engine.Collector.ExpireTrashAsync(A, [Of(Image)], TimeSpan.Zero));
        Assert.Equal(2, await CollectAsync(IdleTimes.Any));
        Assert.Empty(await _engine.Collector.ListOrphansAsync(10));
        Assert.Null((await RestoreAsync(B, Image)).Error);
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(B, Samples.Digest("layer")));
    }

    [Fact]
    public async Task A_blob_that_an_entry_and_a_manifest_need_is_needed_until_both_are_gone()
    {
        await PushAsync(A, Image);
        await PushAsync(A, OtherImage);
        await DeleteAsync(A, Image);
        using var final = new ContentInRows(_engine);
        Assert.Null((await final.Manifests.DeleteAsync(A, Of(OtherImage), Precondition.None, ContractOrigin.Request)).Error);

        // Its manifest and its own layer.
        Assert.Equal(3, await CollectAsync(IdleTimes.Any));
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("config")));
        await _engine.Collector.ExpireTrashAsync();
        await CollectAsync(IdleTimes.Any);
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("config")));
    }

    [Fact]
    public async Task Content_that_is_only_mentioned_goes_with_the_entry()
    {
        var index = Samples.Index([Samples.Layer("mentioned")]);
        await StoreAsync(A, index);
        await DeleteAsync(A, index);
        Assert.Equal(0, await CollectAsync(IdleTimes.Any));
        Assert.Empty(await _engine.Collector.FindUnknownAsync([Samples.Digest("mentioned")]));
        await _engine.Collector.ExpireTrashAsync();
        await CollectAsync(IdleTimes.Any);
        Assert.Equal(2, (await _engine.Collector.FindUnknownAsync([Samples.Digest("mentioned"), Of(index)])).Count);
    }
}
