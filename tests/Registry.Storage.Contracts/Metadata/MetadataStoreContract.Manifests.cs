using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Metadata;

public abstract partial class MetadataStoreContract
{
    [Fact]
    public async Task An_empty_store_knows_nothing()
    {
        Assert.Null(await FindAsync(A, "latest"));
        Assert.Null(await Metadata.FindManifestAsync(A, Samples.Digest("x")));
        Assert.Null(await TagsAsync(A));
        Assert.Empty(await RepositoriesAsync());
        Assert.Null(await Metadata.FindBlobAsync(A, Samples.Digest("x")));
        Assert.Empty(await Metadata.FindRepositoriesWithBlobAsync(Samples.Digest("x"), 10));
        Assert.Empty((await Metadata.ListReferrersAsync(A, Samples.Digest("x"), null, null, 10)).Items);
        AssertRefused(RegistryErrorCode.ManifestUnknown, await DeleteAsync(A, Tag.Parse("latest")));
        AssertRefused(RegistryErrorCode.ManifestUnknown, await DeleteAsync(A, Samples.Digest("x")));
        AssertRefused(RegistryErrorCode.BlobUnknown, (await Metadata.UnlinkBlobAsync(A, Samples.Digest("x"))).Error);
    }

    [Fact]
    public async Task A_manifest_is_found_by_tag_and_by_digest_in_its_repository_alone()
    {
        var image = await PushImageAsync(A, "app", "latest");
        var expected = new StoredManifest(Samples.Digest(image), MediaTypes.OciManifest, image.Length);
        Assert.Equal(expected, await FindAsync(A, "latest"));
        Assert.Equal(expected, await FindAsync(A, image));
        Assert.Null(await FindAsync(A, "Latest"));
        Assert.Null(await FindAsync(B, "latest"));
        Assert.Null(await FindAsync(B, image));
        Assert.Equal(["a"], await RepositoriesAsync());
    }

    [Fact]
    public async Task A_manifest_without_a_tag_is_found_by_digest()
    {
        var image = await PushImageAsync(A, "app");
        Assert.NotNull(await FindAsync(A, image));
        Assert.Empty((await TagsAsync(A))!);
        Assert.Equal(["a"], await RepositoriesAsync());
    }

    [Fact]
    public async Task A_push_by_digest_may_set_several_tags()
    {
        var image = await PushImageAsync(A, "app", "v1", "v1.0", "latest");
        foreach (var tag in new[] { "v1", "v1.0", "latest" })
        {
            Assert.Equal(Samples.Digest(image), (await FindAsync(A, tag))?.Digest);
        }
    }

    [Fact]
    public async Task Putting_the_same_manifest_again_changes_nothing()
    {
        var image = await PushImageAsync(A, "app", "latest");
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image, "latest"))).Error);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image))).Error);
        Assert.Equal(["latest"], await TagsAsync(A));
        Assert.Null(await DeleteAsync(A, Samples.Digest(image)));
        Assert.Empty(await RepositoriesAsync());
    }

    [Fact]
    public async Task A_tag_moves_to_the_manifest_that_was_pushed_last_and_the_old_one_stays()
    {
        var first = await PushImageAsync(A, "first", "latest");
        var second = await PushImageAsync(A, "second", "latest");
        Assert.Equal(Samples.Digest(second), (await FindAsync(A, "latest"))?.Digest);
        Assert.NotNull(await FindAsync(A, first));
        Assert.Equal(["latest"], await TagsAsync(A));
    }

    [Fact]
    public async Task The_same_bytes_have_a_digest_in_each_algorithm()
    {
        var image = await PushImageAsync(A, "app", "latest");
        var long512 = DigestAlgorithm.Sha512.Compute(image);
        Assert.Null(await Metadata.FindManifestAsync(A, long512));
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image) with { Digest = long512, Reference = long512, Tags = [Tag.Parse("long")] })).Error);
        Assert.Equal(long512, (await FindAsync(A, "long"))?.Digest);
        Assert.Equal(Samples.Digest(image), (await FindAsync(A, "latest"))?.Digest);
    }

    [Theory]
    [InlineData(ManifestReferences.Strict)]
    [InlineData(ManifestReferences.SparseIndex)]
    public async Task A_manifest_whose_blobs_are_missing_is_refused_and_leaves_nothing(ManifestReferences references)
    {
        await LinkAsync(A, "there");
        var image = Samples.Image("missing config", [Samples.Layer("there"), Samples.Layer("missing"), Samples.Layer("missing")]);
        var error = (await Metadata.PutManifestAsync(Samples.Put(B, image, "latest").Requiring(references))).Error;
        AssertRefused(RegistryErrorCode.ManifestBlobUnknown, error);
        Assert.Equal(
            new[] { Samples.Digest("there"), Samples.Digest("missing"), Samples.Digest("missing config") }.Select(digest => digest.Value).Order(StringComparer.Ordinal),
            error!.Details.Order(StringComparer.Ordinal));

        Assert.Null(await TagsAsync(B));
        Assert.Null(await FindAsync(B, "latest"));
        Assert.Null(await FindAsync(B, image));
        Assert.Empty(await RepositoriesAsync());
        Assert.Empty(await engine.Collector.ListOrphansAsync(10));
        Assert.Equal([ChangeKind.BlobLinked], (await engine.ReadChangesAsync()).Select(change => change.Kind));
    }

    [Fact]
    public async Task Only_the_missing_blobs_are_named()
    {
        await LinkAsync(A, "config");
        var image = Samples.Image("config", [Samples.Layer("x"), Samples.Layer("y")]);
        var error = (await Metadata.PutManifestAsync(Samples.Put(A, image, "latest"))).Error;
        Assert.Equal([Samples.Digest("x").Value, Samples.Digest("y").Value], error?.Details);
    }

    [Fact]
    public async Task An_index_may_lack_children_unless_references_are_strict()
    {
        var index = Samples.Index([Samples.Child(Samples.Text("nowhere"))]);
        var put = Samples.Put(A, index, "multi");
        var error = (await Metadata.PutManifestAsync(put.Requiring(ManifestReferences.Strict))).Error;
        AssertRefused(RegistryErrorCode.ManifestBlobUnknown, error);
        Assert.Equal([Samples.Digest("nowhere").Value], error!.Details);
        Assert.Null(await TagsAsync(A));
        Assert.Null((await Metadata.PutManifestAsync(put.Requiring(ManifestReferences.SparseIndex))).Error);
        Assert.Equal(MediaTypes.OciIndex, (await FindAsync(A, "multi"))?.MediaType);
    }

    [Fact]
    public async Task A_strict_index_takes_manifests_and_blobs_of_its_repository_as_children()
    {
        var image = await PushImageAsync(A, "app");
        await LinkAsync(A, "a blob");
        var index = Samples.Index([Samples.Child(image), Samples.Layer("a blob")]);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, index).Requiring(ManifestReferences.Strict))).Error);
        AssertRefused(
            RegistryErrorCode.ManifestBlobUnknown,
            (await Metadata.PutManifestAsync(Samples.Put(B, index).Requiring(ManifestReferences.Strict))).Error);
    }

    [Fact]
    public async Task A_sparse_registry_asks_for_nothing()
    {
        var image = Samples.Image("nowhere", [Samples.Layer("no layer")]);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image, "latest").Requiring(ManifestReferences.Sparse))).Error);
        Assert.NotNull(await FindAsync(A, "latest"));
        Assert.Null(await Metadata.FindBlobAsync(A, Samples.Digest("no layer")));
    }

    [Fact]
    public async Task A_foreign_layer_and_a_subject_need_not_be_there()
    {
        await LinkAsync(A, "config");
        var image = Samples.Image("config", [Samples.Layer("elsewhere", Samples.ForeignType)], Samples.Child(Samples.Text("no subject")));
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image).Requiring(ManifestReferences.Strict))).Error);
    }

    [Fact]
    public async Task A_push_tells_which_manifest_each_tag_named_before()
    {
        var first = await PushImageAsync(A, "first", "v1", "latest");
        var second = await PushImageAsync(A, "second", "v2");

        var moved = await Metadata.PutManifestAsync(Samples.Put(A, second, "v1", "v2", "v3", "latest"));
        var again = await Metadata.PutManifestAsync(Samples.Put(A, second, "v1", "v2", "v3", "latest"));

        Assert.Equal([new MovedTag(Tag.Parse("v1"), Samples.Digest(first)), new MovedTag(Tag.Parse("latest"), Samples.Digest(first))], moved.Value);
        Assert.Empty(again.Value!);
    }

    [Fact]
    public async Task A_deletion_tells_what_was_removed()
    {
        var image = await PushImageAsync(A, "app", "v1", "latest");

        var tag = await Metadata.DeleteManifestAsync(A, Tag.Parse("v1"), Precondition.None);
        var manifest = await Metadata.DeleteManifestAsync(A, Samples.Digest(image), Precondition.None);

        Assert.Equal((Samples.Digest(image), null, "v1"), (tag.Value.Digest, tag.Value.Size, string.Join(',', tag.Value.Tags)));
        Assert.Equal((Samples.Digest(image), image.Length, "latest"), (manifest.Value.Digest, manifest.Value.Size, string.Join(',', manifest.Value.Tags)));
    }

    [Fact]
    public async Task Deleting_by_digest_removes_the_manifest_with_every_tag_on_it()
    {
        var first = await PushImageAsync(A, "first", "v1", "latest");
        var second = await PushImageAsync(A, "second", "v2");
        Assert.Null(await DeleteAsync(A, Samples.Digest(first)));
        Assert.Null(await FindAsync(A, first));
        Assert.Null(await FindAsync(A, "v1"));
        Assert.Null(await FindAsync(A, "latest"));
        Assert.Equal(["v2"], await TagsAsync(A));
        Assert.NotNull(await FindAsync(A, second));
        AssertRefused(RegistryErrorCode.ManifestUnknown, await DeleteAsync(A, Samples.Digest(first)));
    }

    [Fact]
    public async Task Deleting_by_tag_removes_the_tag_alone()
    {
        var image = await PushImageAsync(A, "app", "v1", "latest");
        Assert.Null(await DeleteAsync(A, Tag.Parse("latest")));
        Assert.Null(await FindAsync(A, "latest"));
        Assert.NotNull(await FindAsync(A, "v1"));
        Assert.NotNull(await FindAsync(A, image));
        AssertRefused(RegistryErrorCode.ManifestUnknown, await DeleteAsync(A, Tag.Parse("latest")));
    }

    [Fact]
    public async Task Deleting_in_one_repository_leaves_the_other()
    {
        var image = await PushImageAsync(A, "app", "latest");
        await PushImageAsync(B, "app", "latest");
        Assert.Null(await DeleteAsync(A, Samples.Digest(image)));
        Assert.NotNull(await FindAsync(B, image));
        Assert.Equal(["b/c"], await RepositoriesAsync());
        Assert.Empty(await engine.Collector.ListOrphansAsync(10));
    }

    [Fact]
    public async Task A_child_of_an_index_may_be_deleted_and_the_index_stays()
    {
        var image = await PushImageAsync(A, "app");
        var index = Samples.Index([Samples.Child(image)]);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, index, "multi"))).Error);
        Assert.Null(await DeleteAsync(A, Samples.Digest(image)));
        Assert.NotNull(await FindAsync(A, "multi"));
        Assert.Null(await FindAsync(A, image));
    }

    [Fact]
    public async Task A_deleted_manifest_can_be_pushed_again()
    {
        var image = await PushImageAsync(A, "app", "latest");
        Assert.Null(await DeleteAsync(A, Samples.Digest(image)));
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image, "latest"))).Error);
        Assert.Equal(Samples.Digest(image), (await FindAsync(A, "latest"))?.Digest);
    }
}
