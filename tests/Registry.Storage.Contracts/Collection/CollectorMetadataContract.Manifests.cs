using Registry.Core.Changes;
using Registry.Core.Collection.Records;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Collection;

/// <summary>Manifests whose index or subject was deleted.</summary>
public abstract partial class CollectorMetadataContract
{
    private static readonly byte[] Child = Samples.Image("config", [], note: "child");
    private static readonly byte[] Other = Samples.Image("config", [], note: "other");

    [Fact]
    public async Task A_child_expires_when_it_was_idle_before_the_time_since_its_index_was_deleted()
    {
        await PutSparseAsync(A, Child);
        var index = await PutSparseAsync(A, Samples.Index([Samples.Child(Child)]), "multi");
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any));
        await DeleteAsync(A, index);
        Assert.Empty(await ExpireManifestsAsync(engine.IdleBefore(10)));
        Assert.NotNull((await Metadata.FindManifestAsync(A, Samples.Digest(Child)))!.IdleSince);
        Assert.Equal([Samples.Digest(Child)], await ExpireManifestsAsync(engine.IdleBefore(11)));
        Assert.Null(await Metadata.FindManifestAsync(A, Samples.Digest(Child)));
        Assert.Contains(Samples.Digest(Child), await Collector.ListOrphansAsync(10));
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any));
    }

    [Fact]
    public async Task A_manifest_that_was_pushed_for_itself_never_expires_tagged_or_not()
    {
        await PutSparseAsync(A, Child);
        await PutSparseAsync(A, Other, "tag");
        await DeleteAsync(A, Tag.Parse("tag"));
        await PutSparseAsync(A, Samples.Index([Samples.Child(Child)]), "multi");
        await DeleteAsync(A, Tag.Parse("multi"));
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any));
        Assert.Equal(2, (await Collector.ListIdleManifestsAsync(IdleTimes.Any, withRoots: true, 10)).Count);
    }

    [Fact]
    public async Task A_child_that_was_pushed_after_its_index_expires_with_it()
    {
        var index = await PutSparseAsync(A, Samples.Index([Samples.Child(Child)]));
        await PutSparseAsync(A, Child);
        Assert.Null((await Metadata.FindManifestAsync(A, Samples.Digest(Child)))!.IdleSince);
        await DeleteAsync(A, index);
        Assert.Single(await ExpireManifestsAsync(IdleTimes.Any));
    }

    [Fact]
    public async Task A_child_of_another_index_a_tagged_one_and_one_of_another_repository_stay()
    {
        byte[] third = Samples.Image("config", [], note: "third");
        foreach (var manifest in new[] { Child, Other, third })
        {
            await PutSparseAsync(A, manifest);
        }

        await PutSparseAsync(B, third);
        await PutSparseAsync(A, Other, "tag");
        var index = await PutSparseAsync(A, Samples.Index([Samples.Child(Child), Samples.Child(Other), Samples.Child(third)]));
        var second = await PutSparseAsync(A, Samples.Index([Samples.Child(Child)]));
        await DeleteAsync(A, index);
        Assert.Equal([Samples.Digest(third)], await ExpireManifestsAsync(IdleTimes.Any));
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any, B));
        Assert.NotNull(await Metadata.FindManifestAsync(B, Samples.Digest(third)));

        // Nothing else holds them then, in whatever order they lose it.
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await DeleteAsync(A, second);
        await DeleteAsync(A, Tag.Parse("tag"));
        Assert.Empty(await ExpireManifestsAsync(engine.IdleBefore(10)));
        Assert.Equal(2, (await ExpireManifestsAsync(engine.IdleBefore(11))).Count);
    }

    [Fact]
    public async Task A_child_whose_tag_moves_away_after_its_index_was_deleted_expires()
    {
        await PutSparseAsync(A, Child, "tag");
        await DeleteAsync(A, await PutSparseAsync(A, Samples.Index([Samples.Child(Child)])));
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PutSparseAsync(A, Other, "tag");
        Assert.Empty(await ExpireManifestsAsync(engine.IdleBefore(10)));
        Assert.Equal([Samples.Digest(Child)], await ExpireManifestsAsync(engine.IdleBefore(11)));
    }

    [Fact]
    public async Task A_referrer_expires_after_its_subject_was_deleted()
    {
        var subject = await PutSparseAsync(A, Child, "tag");
        var signature = Samples.Image("config", [], new Descriptor(MediaTypes.OciManifest, subject, Child.Length), note: "signature");
        var sbom = Samples.Image("config", [], new Descriptor(MediaTypes.OciManifest, Samples.Digest(signature), signature.Length), note: "of the signature");
        await PutSparseAsync(A, signature);
        await PutSparseAsync(A, sbom);
        await DeleteAsync(A, Tag.Parse("tag"));
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any));
        await DeleteAsync(A, subject);
        Assert.Equal([Samples.Digest(signature)], await ExpireManifestsAsync(IdleTimes.Any));
        Assert.Equal([Samples.Digest(sbom)], await ExpireManifestsAsync(IdleTimes.Any));
    }

    [Fact]
    public async Task Many_referrers_follow_their_subject_once_they_are_settled()
    {
        const int Many = 100;
        var subject = Samples.Digest(Child);
        await Task.WhenAll(Enumerable.Range(0, Many).Select(number => PutSparseAsync(A, Samples.Image("config", [], Samples.Child(Child), note: $"{number}"))));
        await PutSparseAsync(A, Child);
        await SettleAsync();
        Assert.Equal([subject], (await Collector.ListIdleManifestsAsync(IdleTimes.Any, withRoots: true, 10)).Select(idle => idle.Digest));

        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await DeleteAsync(A, subject);
        await SettleAsync();
        Assert.Empty(await ExpireManifestsAsync(engine.IdleBefore(10)));
        Assert.Equal(Many, (await ExpireManifestsAsync(engine.IdleBefore(11))).Count);
    }

    [Fact]
    public async Task A_referrer_of_what_was_never_there_stays_until_its_subject_has_come_and_gone()
    {
        var signature = Samples.Image("config", [], Samples.Child(Child), note: "signature");
        await PutSparseAsync(A, signature);
        Assert.NotNull((await Metadata.FindManifestAsync(A, Samples.Digest(signature)))!.IdleSince);
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any));
        await PutSparseAsync(A, Child);
        Assert.Null((await Metadata.FindManifestAsync(A, Samples.Digest(signature)))!.IdleSince);
        await DeleteAsync(A, Samples.Digest(Child));
        Assert.Single(await ExpireManifestsAsync(IdleTimes.Any));
    }

    [Fact]
    public async Task A_child_of_an_index_that_expires_begins_its_own_grace_period()
    {
        var inner = Samples.Index([Samples.Child(Child)]);
        await PutSparseAsync(A, Child);
        await PutSparseAsync(A, inner);
        await DeleteAsync(A, await PutSparseAsync(A, Samples.Index([Samples.Child(inner, MediaTypes.OciIndex)])));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Equal([Samples.Digest(inner)], await ExpireManifestsAsync(engine.IdleBefore(10)));
        Assert.Empty(await ExpireManifestsAsync(engine.IdleBefore(10)));
        Assert.Equal([Samples.Digest(Child)], await ExpireManifestsAsync(engine.IdleBefore(11)));
    }

    [Theory]
    [InlineData("again")]
    [InlineData("tag")]
    [InlineData("index")]
    [InlineData("subject")]
    public async Task What_is_pushed_again_tagged_or_named_or_has_its_subject_back_stays(string what)
    {
        var referrer = Samples.Image("config", [], Samples.Child(Other), note: "referrer");
        await PutSparseAsync(A, Other);
        await PutSparseAsync(A, referrer);
        await DeleteAsync(A, await PutSparseAsync(A, Samples.Index([Samples.Child(referrer)])));
        await DeleteAsync(A, Samples.Digest(Other));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        var (manifest, tags) = what switch
        {
            "again" => (referrer, Array.Empty<string>()),
            "tag" => (referrer, ["tag"]),
            "index" => (Samples.Index([Samples.Child(referrer), Samples.Layer("missing")]), []),
            _ => (Other, []),
        };
        await PutSparseAsync(A, manifest, tags);
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any));
        Assert.NotNull(await Metadata.FindManifestAsync(A, Samples.Digest(referrer)));
        if (what is "index" or "subject")
        {
            await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
            await DeleteAsync(A, Samples.Digest(manifest));
            Assert.Empty(await ExpireManifestsAsync(engine.IdleBefore(20)));
            Assert.Single(await ExpireManifestsAsync(engine.IdleBefore(21)));
        }
    }

    [Fact]
    public async Task What_only_an_image_named_as_a_layer_stays_when_that_is_deleted()
    {
        await PutSparseAsync(A, Child);
        await DeleteAsync(A, await PutSparseAsync(A, Samples.Image("config", [Samples.Child(Child)], note: "image")));
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any));
        Assert.NotNull((await Metadata.FindManifestAsync(A, Samples.Digest(Child)))!.IdleSince);
    }

    [Fact]
    public async Task A_renewed_manifest_stays_and_is_as_good_as_new()
    {
        await PutSparseAsync(A, Child);
        await PutSparseAsync(A, Other);
        await DeleteAsync(A, await PutSparseAsync(A, Samples.Index([Samples.Child(Child), Samples.Child(Other)])));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.True(await Metadata.RenewManifestAsync(A, Samples.Digest(Child)));
        Assert.Equal(10, (await Metadata.FindManifestAsync(A, Samples.Digest(Child)))?.IdleSince);
        Assert.Equal([Samples.Digest(Other)], await ExpireManifestsAsync(engine.IdleBefore(10)));
        Assert.False(await Metadata.RenewManifestAsync(A, Samples.Digest(Other)));
        Assert.False(await Metadata.RenewManifestAsync(B, Samples.Digest(Child)));
        Assert.Single(await ExpireManifestsAsync(engine.IdleBefore(11)));
    }

    [Fact]
    public async Task Renewing_a_manifest_that_something_holds_changes_nothing()
    {
        await PutSparseAsync(A, Child, "tag");
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.True(await Metadata.RenewManifestAsync(A, Samples.Digest(Child)));
        Assert.Null((await Metadata.FindManifestAsync(A, Samples.Digest(Child)))!.IdleSince);
    }

    [Fact]
    public async Task Manifests_of_a_pinned_repository_never_expire()
    {
        await engine.IndexTarget.AddRepositoryAsync(new TreeRepository { Name = A, IsPinned = true });
        await PutSparseAsync(A, Child);
        await DeleteAsync(A, await PutSparseAsync(A, Samples.Index([Samples.Child(Child)])));
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any));
        Assert.Empty(await Collector.ListIdleManifestsAsync(IdleTimes.Any, withRoots: true, 10));
        Assert.Equal(0, (await Collector.CountRemovableAsync(IdleTimes.Any)).Manifests);
    }

    [Fact]
    public async Task What_is_indexed_from_a_tree_stays_whatever_held_it_before()
    {
        TreeManifest Found(byte[] manifest) => new(Samples.Digest(manifest), manifest.Length, ManifestReader.Read(manifest, null).Value);
        var index = Samples.Index([Samples.Child(Child)]);
        await engine.IndexTarget.AddRepositoryAsync(new TreeRepository
        {
            Name = A,
            Manifests = [Found(Child), Found(index), Found(Other)],
            Tags = [new(Tag.Parse("multi"), Samples.Digest(index))],
        });
        Assert.Empty(await ExpireManifestsAsync(IdleTimes.Any));
        Assert.Equal([Samples.Digest(Other)], (await Collector.ListIdleManifestsAsync(IdleTimes.Any, withRoots: true, 10)).Select(idle => idle.Digest));
        await DeleteAsync(A, Samples.Digest(index));
        Assert.Equal([Samples.Digest(Child)], await ExpireManifestsAsync(IdleTimes.Any));
    }

    [Fact]
    public async Task Idle_manifests_are_listed_and_counted_those_that_stay_last()
    {
        await PutSparseAsync(A, Other);
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PutSparseAsync(A, Child);
        await DeleteAsync(A, await PutSparseAsync(A, Samples.Index([Samples.Child(Child)])));
        var idle = await Collector.ListIdleManifestsAsync(engine.IdleBefore(11), withRoots: true, 10);
        Assert.Equal([(Samples.Digest(Child), 10L, false), (Samples.Digest(Other), 0L, true)], idle.Select(one => (one.Digest, one.IdleSince!.Value, one.IsRoot)));
        Assert.Equal([Samples.Digest(Child)], (await Collector.ListIdleManifestsAsync(engine.IdleBefore(11), withRoots: true, 1)).Select(one => one.Digest));
        Assert.Empty(await Collector.ListIdleManifestsAsync(engine.IdleBefore(10), withRoots: false, 10));
        Assert.Equal(1, (await Collector.CountRemovableAsync(engine.IdleBefore(11))).Manifests);
        Assert.Equal(0, (await Collector.CountRemovableAsync(engine.IdleBefore(10))).Manifests);
        Assert.Equal(2, (await Collector.CountAllAsync()).Manifests);
    }

    [Fact]
    public async Task Those_that_stay_go_when_asked_for()
    {
        await PutSparseAsync(A, Child);
        await PutSparseAsync(A, Other, "tag");
        Digest[] both = [Samples.Digest(Child), Samples.Digest(Other)];
        Assert.Equal([both[0]], await Collector.ExpireManifestsAsync(A, both, IdleTimes.Any, withRoots: true));
    }

    [Fact]
    public async Task An_expired_manifest_leaves_the_tree_and_the_blobs_it_needed_become_idle()
    {
        await LinkAsync(A, "config");
        await PutAsync(A, Child);
        await PutSparseAsync(A, Child, "tag");
        await PutSparseAsync(A, Other, "tag");
        await DeleteAsync(A, await PutSparseAsync(A, Samples.Index([Samples.Child(Child)])));
        await DeleteAsync(A, Samples.Digest(Other));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Single(await ExpireManifestsAsync(IdleTimes.Any));
        Assert.Equal([new LinkRecord(A, Samples.Digest("config"), 10, false)], await Collector.ListIdleAsync(IdleTimes.Any, 10));
        var changes = (await engine.ReadChangesAsync()).Where(change => change.Digest == Samples.Digest(Child)).Select(change => change.Kind);
        Assert.Equal(ChangeKind.ManifestRemoved, changes.Last());
    }

    [Fact]
    public async Task It_explains_what_holds_a_manifest()
    {
        await PutSparseAsync(A, Other);
        var referrer = Samples.Image("config", [], Samples.Child(Other), note: "referrer");
        var index = await PutSparseAsync(A, Samples.Index([Samples.Child(referrer)]));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PutSparseAsync(A, referrer, "one", "two");
        var explanation = await Collector.ExplainAsync(Samples.Digest(referrer), 10);
        Assert.Equal([new(A, index)], explanation.NeededBy);
        var held = Assert.Single(explanation.ManifestOf);
        Assert.Equal(["one", "two"], held.Tags);
        Assert.Equal(Samples.Digest(Other), held.Subject);
        Assert.Equal((null, true), (held.Record.IdleSince, held.Record.IsRoot));
        Assert.Equal(engine.UnixTime, held.Record.PushedAt);
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PutSparseAsync(A, referrer);
        Assert.Equal(engine.UnixTime, Assert.Single((await Collector.ExplainAsync(Samples.Digest(referrer), 10)).ManifestOf).Record.PushedAt);

        foreach (var holder in new Reference[] { Tag.Parse("one"), Tag.Parse("two"), index, Samples.Digest(Other) })
        {
            await DeleteAsync(A, holder);
        }

        held = Assert.Single((await Collector.ExplainAsync(Samples.Digest(referrer), 10)).ManifestOf);
        Assert.Empty(held.Tags);
        Assert.Null(held.Subject);
        Assert.Equal((20, false), (held.Record.IdleSince, held.Record.IsRoot));
    }

    [Fact]
    public async Task The_bytes_that_would_be_removed_are_listed_and_counted()
    {
        await LinkAsync(A, "config");
        await LinkAsync(A, "blob");
        await LinkAsync(B, "blob");
        await OrphanAsync("orphan");
        await PutAsync(A, Child);
        await PutAsync(A, Other);
        await DeleteAsync(A, await PutSparseAsync(A, Samples.Index([Samples.Child(Child)])));
        Assert.Equal([Samples.Digest("orphan")], (await Collector.ListRemovableBlobsAsync(engine.IdleBefore(0), 10)).Listed.Where(one => one.Size == 6).Select(one => one.Digest));
        var removable = await Collector.ListRemovableBlobsAsync(engine.IdleBefore(1), 10);
        Assert.Equal(
            [new RemovableBlob(Blob, 4, false), new RemovableBlob(Samples.Digest("orphan"), 6, true), new RemovableBlob(Samples.Digest(Child), Child.Length, false)],
            removable.Listed.Where(one => one.Digest != Samples.Digest(Samples.Index([Samples.Child(Child)]))));
        Assert.Equal((4, 4 + 6 + Child.Length + Samples.Index([Samples.Child(Child)]).Length), (removable.Count, removable.Bytes));
        Assert.Equal((1, 4L), ((await Collector.ListRemovableBlobsAsync(engine.IdleBefore(1), 1)).Listed.Count, (await Collector.ListRemovableBlobsAsync(engine.IdleBefore(1), 1)).Count));
        await LinkAsync(B, "blob");
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await LinkAsync(B, "blob");
        Assert.DoesNotContain((await Collector.ListRemovableBlobsAsync(engine.IdleBefore(10), 10)).Listed, one => one.Digest == Blob);
    }

    private async Task<Digest> PutSparseAsync(RepositoryName repository, byte[] manifest, params string[] tags)
    {
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(repository, manifest, tags).Requiring(ManifestReferences.Sparse))).Error);
        return Samples.Digest(manifest);
    }

    private async Task DeleteAsync(RepositoryName repository, Reference reference) =>
        Assert.Null((await Metadata.DeleteManifestAsync(repository, reference, Precondition.None)).Error);

    private async Task SettleAsync()
    {
        foreach (var unsettled in await Collector.ListUnsettledSubjectsAsync(10))
        {
            while (await Collector.SettleReferrersAsync(unsettled))
            {
            }
        }

        Assert.Empty(await Collector.ListUnsettledSubjectsAsync(10));
    }

    // Those of one repository.
    private async Task<IReadOnlyList<Digest>> ExpireManifestsAsync(TimeSpan grace, RepositoryName? repository = null)
    {
        var idle = await Collector.ListIdleManifestsAsync(grace, withRoots: false, 100);
        var name = repository ?? A;
        return await Collector.ExpireManifestsAsync(
            name, [.. idle.Where(one => one.Repository == name).Select(one => one.Digest)], grace, withRoots: false);
    }
}
