using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Pulls;

namespace Registry.Storage.Contracts.Mirroring;

public abstract partial class MirrorContract
{
    [Fact]
    public async Task Manifests_are_listed_by_their_last_pull()
    {
        await StoreAsync(A, Image, OfHub, "latest");
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await StoreAsync(B, OtherImage, OfHub);
        await StoreAsync(Samples.Repository("quay/a"), Image, OfQuay);
        await StoreAsync(Local, Image, ContractOrigin.Request);
        Assert.Equal(
            [new ManifestPull(A, Of(Image), Now.AddSeconds(-10)), new ManifestPull(B, Of(OtherImage), Now)], await _engine.Mirror.ListOldestAsync(Hub, 10));

        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PullAsync(A, Image);
        await PullAsync(A, OtherImage);
        await PullAsync(Local, Image);

        Assert.Equal(
            [new ManifestPull(B, Of(OtherImage), Now.AddSeconds(-10)), new ManifestPull(A, Of(Image), Now)], await _engine.Mirror.ListOldestAsync(Hub, 10));
        Assert.Equal([B], (await _engine.Mirror.ListOldestAsync(Hub, 1)).Select(pull => pull.Repository));
        await _engine.Mirror.RecordAsync([], [new ManifestPull(A, Of(Image), Now.AddSeconds(-5))]);
        Assert.Equal(Now, (await _engine.Mirror.ListOldestAsync(Hub, 10))[1].Time);
    }

    [Fact]
    public async Task An_eviction_removes_a_manifest_its_tags_and_the_blobs_that_only_it_needs()
    {
        await StoreAsync(A, Image, OfHub, "latest", "v1");
        await StoreAsync(A, OtherImage, OfHub, "other");
        foreach (var blob in new[] { "config", "layer", "other" })
        {
            await LinkAsync(A, blob, OfHub);
        }

        await LinkAsync(Local, "layer", ContractOrigin.Request);
        var before = (await _engine.ReadChangesAsync())[^1].Sequence;

        var evicted = await EvictAsync(A, Image);

        Assert.Equal([Of(Image), Samples.Digest("layer")], evicted);
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, Of(Image)));
        Assert.Equal(["other"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("config")));
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(Local, Samples.Digest("layer")));
        Assert.Null(await _engine.Trash.FindAsync(A, Of(Image)));
        Assert.Equal([Of(OtherImage)], (await _engine.Mirror.ListOldestAsync(Hub, 10)).Select(pull => pull.Digest));
        Assert.Equal(new MirrorUse(1, 1, OtherImage.Length + "config".Length + "other".Length), await _engine.Mirror.ReadUseAsync(Hub));
        var changes = await _engine.ReadChangesAsync(before);
        Assert.Equal(
            [ChangeKind.TagRemoved, ChangeKind.TagRemoved, ChangeKind.ManifestRemoved, ChangeKind.BlobUnlinked],
            changes.Select(change => change.Kind));
        Assert.All(changes, change => Assert.Equal((OfHub, "not pulled lately"), (change.Origin, change.Reason)));
        Assert.Contains(Of(Image), await _engine.Collector.ListOrphansAsync(10));
    }

    [Fact]
    public async Task What_was_pulled_meanwhile_stays()
    {
        await StoreAsync(A, Image, OfHub, "latest");
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PullAsync(A, Image);

        Assert.Empty(await EvictAsync(A, Image, Now));
        Assert.Empty(await EvictAsync(A, OtherImage));
        Assert.NotNull(await _engine.Metadata.FindManifestAsync(A, Latest));
        await StoreAsync(Local, Image, ContractOrigin.Request);
        Assert.Empty(await EvictAsync(Local, Image));
        Assert.NotNull(await _engine.Metadata.FindManifestAsync(Local, Of(Image)));
        Assert.Single(await EvictAsync(A, Image));
    }

    [Fact]
    public async Task A_manifest_with_very_many_tags_is_evicted_with_all_of_them()
    {
        await StoreAsync(A, Image, OfHub, [.. Enumerable.Range(0, 2500).Select(n => $"v{n}")]);

        Assert.Equal([Of(Image)], await EvictAsync(A, Image));

        Assert.Empty((await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        Assert.Equal(0, (await _engine.ReadTotalsAsync()).Tags);
    }

    [Fact]
    public async Task Children_and_referrers_of_an_evicted_manifest_stay_for_ever()
    {
        var index = Samples.Index([Samples.Child(Image)]);
        await StoreAsync(A, Image, OfHub);
        await StoreAsync(A, index, OfHub, "latest");
        byte[][] signatures = [.. Enumerable.Range(0, 40).Select(n => Samples.Image("signature", [], Samples.Child(index, MediaTypes.OciIndex), note: $"{n}"))];
        foreach (var signature in signatures)
        {
            await StoreAsync(A, signature, OfHub);
        }

        await StoreAsync(A, OtherImage, OfHub, "moved");
        await StoreAsync(A, Image, OfHub, "moved");

        Assert.Equal([Of(index)], await EvictAsync(A, index));

        await SettleAsync();
        await _engine.AdvanceAsync(TimeSpan.FromDays(1));
        Assert.Empty(await _engine.Collector.ListIdleManifestsAsync(IdleTimes.Any, withRoots: true, 100));
        Assert.Equal(0, (await _engine.ReadTotalsAsync()).Untagged);
        foreach (var manifest in signatures.Append(Image).Append(OtherImage))
        {
            var found = await _engine.Metadata.FindManifestAsync(A, Of(manifest));
            Assert.NotNull(found);
            Assert.Null(found.IdleSince);
            var explanation = Assert.Single((await _engine.Collector.ExplainAsync(Of(manifest), 10)).ManifestOf);
            Assert.Equal((Hub, ManifestStanding.Mirrored), (explanation.Record.Upstream, CollectionForecast.StandingOf(explanation, hasParent: false)));
        }
    }

    // Nothing evicts a blob without a manifest, so it must not stay for ever.
    [Fact]
    public async Task A_blob_that_no_manifest_needs_expires_as_in_other_repositories()
    {
        await LinkAsync(A, "without a manifest", OfHub);
        await StoreAsync(A, Image, OfHub);
        await LinkAsync(A, "layer", OfHub);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));

        Assert.Equal([Samples.Digest("without a manifest")], (await _engine.Collector.ExpireLinksAsync(IdleTimes.Any, 10)).Select(link => link.Digest));
        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Of(Image), Precondition.None)).Error);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Equal([Samples.Digest("layer")], (await _engine.Collector.ExpireLinksAsync(IdleTimes.Any, 10)).Select(link => link.Digest));
        Assert.Equal(new MirrorUse(0, 0, 0), await _engine.Mirror.ReadUseAsync(Hub));
    }

    [Fact]
    public async Task The_use_is_that_of_each_upstream()
    {
        Assert.Equal(new MirrorUse(0, 0, 0), await _engine.Mirror.ReadUseAsync(Hub));
        await StoreAsync(A, Image, OfHub, "latest");
        await LinkAsync(A, "layer", OfHub);
        await StoreAsync(B, Image, OfHub);
        await StoreAsync(Samples.Repository("quay/a"), OtherImage, OfQuay);
        await StoreAsync(Local, Image, ContractOrigin.Request);
        var expected = new MirrorUse(2, 2, (2 * Image.Length) + "layer".Length);
        Assert.Equal(expected, await _engine.Mirror.ReadUseAsync(Hub));
        Assert.Equal(new MirrorUse(1, 1, OtherImage.Length), await _engine.Mirror.ReadUseAsync(Quay));

        await StoreAsync(A, Image, OfHub, "latest");
        Assert.Equal(expected, await _engine.Mirror.ReadUseAsync(Hub));
        Assert.Null((await _engine.Metadata.DeleteManifestAsync(B, Of(Image), Precondition.None, ContractOrigin.Request, toTrash: true)).Error);
        Assert.Equal(new MirrorUse(1, 1, Image.Length + "layer".Length), await _engine.Mirror.ReadUseAsync(Hub));
        await _engine.ReopenAsync(cleanly: false);
        Assert.Equal(new MirrorUse(1, 1, Image.Length + "layer".Length), await _engine.Mirror.ReadUseAsync(Hub));
    }

    [Fact]
    public async Task A_mirrored_repository_may_be_deleted_as_a_whole()
    {
        await StoreAsync(A, Image, OfHub, "latest");
        await LinkAsync(A, "layer", OfHub);
        await RecordAsync(new TagCheck(A, Latest, Now));

        long? next = null;
        do
        {
            next = (await _engine.Repositories.DeleteSomeAsync(A, next, ContractOrigin.Request, toTrash: false)).Value.Next;
        }
        while (next is not null);
        Assert.True((await _engine.Repositories.UnlinkSomeAsync(A, null, ContractOrigin.Request)).IsGone);

        Assert.Null(await _engine.Mirror.FindUpstreamAsync(A));
        Assert.Null(await _engine.Mirror.FindCheckAsync(A, Latest));
        Assert.Empty(await _engine.Mirror.ListOldestAsync(Hub, 10));
        Assert.Equal(new MirrorUse(0, 0, 0), await _engine.Mirror.ReadUseAsync(Hub));
        await StoreAsync(A, Image, ContractOrigin.Request, "latest");
        Assert.Null(await _engine.Mirror.FindCheckAsync(A, Latest));
    }

    private async Task SettleAsync()
    {
        while (await _engine.Collector.ListUnsettledSubjectsAsync(10) is { Count: > 0 } unsettled)
        {
            foreach (var subject in unsettled)
            {
                await _engine.Collector.SettleReferrersAsync(subject);
            }
        }
    }
}
