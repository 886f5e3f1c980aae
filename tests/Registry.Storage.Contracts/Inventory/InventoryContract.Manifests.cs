using System.Globalization;
using Registry.Core.Collection;
using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Inventory;

/// <summary>One manifest.</summary>
public abstract partial class InventoryContract
{
    [Fact]
    public async Task An_unknown_manifest_is_not_found()
    {
        var image = await PushAsync(Samples.Repository("b"), "layer", "v1");
        await PushAsync(A, "other", "v2");
        foreach (Reference reference in new Reference[] { Samples.Digest(image), Tag.Parse("v1"), Samples.Digest("layer") })
        {
            Assert.Equal(RegistryErrorCode.ManifestUnknown, (await _inventory.FindManifestAsync(A, reference, default)).Error!.Code);
        }

        Assert.Equal(RegistryErrorCode.ManifestUnknown, (await _inventory.FindManifestAsync(Samples.Repository("none"), Tag.Parse("v1"), default)).Error!.Code);
    }

    [Fact]
    public async Task A_manifest_is_held_by_its_tags()
    {
        var image = await PushAsync(A, "layer", "v1");
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await StoreAsync(A, image, "latest");
        var found = await FindAsync(Tag.Parse("v1"));
        Assert.Equal((Samples.Digest(image), ManifestKind.Image), (found.Manifest.Digest, found.Manifest.Kind));
        Assert.Equal(
            [("latest", _engine.UnixTime, "tester"), ("v1", _engine.UnixTime - 10, "tester")],
            found.Tags.Select(tag => (tag.Tag.Value, tag.SetAt!.Value.ToUnixTimeSeconds(), tag.SetBy!)));
        Assert.Equal(new ManifestKeep { Standing = ManifestStanding.Held, ByTag = true }, found.Keep);
        Assert.Empty(found.Parents);
        Assert.Equal(default, found.Referrers);
        Assert.Equal(found.Keep, (await FindAsync(Samples.Digest(image))).Keep);
    }

    [Fact]
    public async Task A_manifest_is_held_by_an_index_also_in_the_trash_and_expires_after_it()
    {
        var image = await PushAsync(A, "layer");
        var index = Samples.Index([Samples.Child(image)]);
        await StoreAsync(A, index, "v1");
        var found = await FindAsync(Samples.Digest(image));
        Assert.Equal([Samples.Digest(index)], found.Parents);
        Assert.Equal(new ManifestKeep { Standing = ManifestStanding.Held, ByParent = true }, found.Keep);

        await DeleteAsync(A, index);
        found = await FindAsync(Samples.Digest(image));
        Assert.Empty(found.Parents);
        Assert.Equal(new ManifestKeep { Standing = ManifestStanding.Held, ByTrash = true }, found.Keep);

        await EmptyTrashAsync(index);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(
            new ManifestKeep { Standing = ManifestStanding.Expiring, IdleSeconds = 10, ExpiresAfterSeconds = 90 }, (await FindAsync(Samples.Digest(image))).Keep);
    }

    [Fact]
    public async Task A_manifest_that_nothing_holds_stays_if_nothing_that_held_it_was_deleted()
    {
        var image = await PushAsync(A, "layer");
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(200));
        Assert.Equal(new ManifestKeep { Standing = ManifestStanding.Root, IdleSeconds = 200 }, (await FindAsync(Samples.Digest(image))).Keep);
    }

    [Fact]
    public async Task A_referrer_is_held_by_its_subject_which_counts_it()
    {
        var image = await PushAsync(A, "layer", "v1");
        var signature = Samples.Image("{}", [], Samples.Child(image), artifactType: "application/vnd.example.signature");
        await _engine.Metadata.LinkBlobAsync(A, Samples.Digest("{}"), 2);
        await StoreAsync(A, signature);
        Assert.Equal(new UpTo(1, false), (await FindAsync(Tag.Parse("v1"))).Referrers);
        var found = await FindAsync(Samples.Digest(signature));
        Assert.Equal((Samples.Digest(image), ManifestKind.Artifact), (found.Manifest.Subject!.Value, found.Manifest.Kind));
        Assert.Equal(new ManifestKeep { Standing = ManifestStanding.Held, BySubject = Samples.Digest(image) }, found.Keep);

        // The trash has the subject, and so still holds it.
        await DeleteAsync(A, image);
        Assert.Equal(found.Keep, (await FindAsync(Samples.Digest(signature))).Keep);
        await EmptyTrashAsync(image);
        foreach (var unsettled in await _engine.Collector.ListUnsettledSubjectsAsync(10))
        {
            await _engine.Collector.SettleReferrersAsync(unsettled);
        }

        Assert.Equal(
            new ManifestKeep { Standing = ManifestStanding.Expiring, IdleSeconds = 0, ExpiresAfterSeconds = 100 }, (await FindAsync(Samples.Digest(signature))).Keep);
    }

    [Fact]
    public async Task A_manifest_with_very_many_tags_and_parents_has_the_first_of_them()
    {
        var image = await PushAsync(A, "layer", [.. Enumerable.Range(0, 150).Select(i => string.Create(CultureInfo.InvariantCulture, $"v{i:000}"))]);
        for (var i = 0; i < InventoryOperations.MostNamed + 1; i++)
        {
            await StoreAsync(A, Samples.Index([Samples.Child(image)], new Descriptor(MediaTypes.OciManifest, Samples.Digest($"subject {i}"), 1)));
        }

        var found = await FindAsync(Tag.Parse("v149"));
        Assert.Equal((InventoryOperations.MostNamed, true, "v099"), (found.Tags.Count, found.HasMoreTags, found.Tags[^1].Tag.Value));
        Assert.Equal((InventoryOperations.MostNamed, true), (found.Parents.Count, found.HasMoreParents));
    }

    [Fact]
    public async Task All_manifests_are_listed_in_pages_with_a_tag_or_without()
    {
        Assert.Equal(RegistryErrorCode.NameUnknown, (await _inventory.ListManifestsAsync(A, null, null, default)).Error!.Code);
        var first = await PushAsync(A, "first");
        var second = await PushAsync(A, "second", "v1");
        var index = Samples.Index([Samples.Child(first)]);
        await StoreAsync(A, index);
        await PushAsync(Samples.Repository("b"), "third", "v1");
        var page = (await _inventory.ListManifestsAsync(A, null, 2, default)).Value;
        Assert.Equal([Samples.Digest(first), Samples.Digest(second)], page.Items.Select(one => one.Digest));
        Assert.Equal((Samples.Digest(second).Value, "v1"), (page.Next, page.Items[1].Tags.Single().Value));

        // A deletion of the last one of a page does not disturb the next.
        await DeleteAsync(A, second);
        page = (await _inventory.ListManifestsAsync(A, Digest.Parse(page.Next!), 2, default)).Value;
        Assert.Equal([Samples.Digest(index)], page.Items.Select(one => one.Digest));
        Assert.Null(page.Next);
    }

    [Fact]
    public async Task A_list_of_manifests_tells_nothing_of_other_repositories()
    {
        await PushAsync(A, "first");
        var other = await PushAsync(Samples.Repository("b"), "second", "v1");
        await PushAsync(A, "third");
        Assert.Equal(await ListAfterAsync(Samples.Digest("none")), await ListAfterAsync(Samples.Digest(other)));
        Assert.Equal(2, (await ListAfterAsync(Samples.Digest(other))).Count);

        async Task<List<Digest>> ListAfterAsync(Digest after) => [.. (await _inventory.ListManifestsAsync(A, after, 9, default)).Value.Items.Select(one => one.Digest)];
    }

    [Fact]
    public async Task Manifests_are_found_by_the_beginning_of_their_digest_where_the_viewer_may_pull()
    {
        var image = await PushAsync(A, "layer", "v1");
        await PushAsync(Samples.Repository("b"), "layer");
        var start = Samples.Digest(image).Value[..("sha256:".Length + InventoryOperations.ShortestDigest)];
        Assert.Equal(["a", "b"], await FindAsync(start, Everyone));
        Assert.Equal(["a", "b"], await FindAsync(Samples.Digest(image).Value, Everyone));
        Assert.Equal(["b"], await FindAsync(start, new Viewer([RepositoryRange.StartingWith("b")], _ => true)));
        Assert.Equal(["a"], await FindAsync(start, new Viewer([RepositoryRange.All], name => name.Value == "a")));
        foreach (var none in new[] { start[..^1], "", "sha256:", $"sha256:{new string('G', 20)}", $"{start}%", start.Replace("sha256", "sha512", StringComparison.Ordinal), Samples.Digest("layer").Value })
        {
            Assert.Empty(await FindAsync(none, Everyone));
        }

        async Task<List<string>> FindAsync(string text, Viewer viewer) => [.. (await _inventory.FindDigestsAsync(text, viewer)).Select(row => row.Repository)];
    }

    // As the collector does when the time of a deleted manifest is over.
    private async Task EmptyTrashAsync(byte[] manifest)
    {
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(101));
        Assert.Equal([Samples.Digest(manifest)], await _engine.Collector.ExpireTrashAsync(A, [Samples.Digest(manifest)], TimeSpan.FromSeconds(100)));
    }

    private async Task<ManifestDetail> FindAsync(Reference reference) => (await _inventory.FindManifestAsync(A, reference, default)).Value;
}
