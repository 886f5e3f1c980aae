using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Space;

public abstract partial class SpaceContract
{
    [Fact]
    public async Task A_tag_has_what_no_other_manifest_needs_for_itself()
    {
        var first = await PushAsync(A, "config-one", ["base", "first"], "v1", "latest");
        var second = await PushAsync(A, "config-2", ["base", "the-second"], "v2");
        var (one, two) = (first.Length + "config-onefirst".Length, second.Length + "config-2the-second".Length);

        // Two tags of a manifest have the same figures: it goes with both.
        Assert.Equal(
            new[] { ("latest", one + 4L, (long)one), ("v1", one + 4L, one), ("v2", two + 4L, two) }.OrderByDescending(tag => tag.Item3).ThenBy(tag => tag.Item1),
            await TagsAsync(A));
    }

    [Fact]
    public async Task What_other_repositories_hold_is_not_unique_unless_there_are_none_for_the_caller()
    {
        var image = await PushAsync(A, "config", ["base", "mine"], "v1");
        await PushAsync(B, "other", ["base"]);
        await PushAsync(C, "config", ["theirs"]);
        await LinkAsync(B, "mine");
        var size = image.Length + "configbasemine".Length;
        Assert.Equal([("v1", size, image.Length + "mine".Length)], await TagsAsync(A));
        Assert.Equal([("v1", size, size)], await TagsAsync(A, withOthers: false));
    }

    [Fact]
    public async Task An_index_frees_its_children_except_those_that_something_else_holds()
    {
        var amd = await PushAsync(A, "amd-config", ["base", "amd-layer"]);
        var arm = await PushAsync(A, "arm-config", ["base", "arm-layer"]);
        var tagged = await PushAsync(A, "tagged-config", ["base"], "tagged");
        var both = await PushAsync(A, "both-config", ["both"]);
        var index = Samples.Index([Samples.Child(amd), Samples.Child(arm), Samples.Child(tagged), Samples.Child(both)]);
        await StoreAsync(A, index, "multi");
        await StoreAsync(A, Samples.Index([Samples.Child(both)]), "another");

        var tags = (await TagsAsync(A)).ToDictionary(tag => tag.Name);
        var own = index.Length + amd.Length + arm.Length + "amd-configamd-layerarm-configarm-layer".Length;
        Assert.Equal(own, tags["multi"].Unique);
        Assert.Equal(own + tagged.Length + both.Length + "tagged-configbaseboth-configboth".Length, tags["multi"].Referred);
        Assert.Equal(tagged.Length + "tagged-config".Length, tags["tagged"].Unique);
        Assert.Equal(Samples.Index([Samples.Child(both)]).Length, tags["another"].Unique);
    }

    [Fact]
    public async Task An_index_of_indexes_frees_the_children_of_both()
    {
        var image = await PushAsync(A, "config", ["layer"]);
        var inner = Samples.Index([Samples.Child(image)]);
        await StoreAsync(A, inner);
        var outer = Samples.Index([Samples.Child(inner, MediaTypes.OciIndex), Samples.Child(image)]);
        await StoreAsync(A, outer, "v1");
        var size = outer.Length + inner.Length + image.Length + "configlayer".Length;
        Assert.Equal([("v1", size, size)], await TagsAsync(A));
    }

    [Fact]
    public async Task A_manifest_frees_its_referrers_and_theirs_but_not_tagged_ones()
    {
        var image = await PushAsync(A, "config", ["layer"], "v1");
        await LinkAsync(A, "signature");
        await LinkAsync(A, "tagged-signature");
        var signature = Samples.Image("signature", [], Samples.Child(image));
        var ofSignature = Samples.Image("signature", [Samples.Layer("layer")], Samples.Child(signature));
        var tagged = Samples.Image("tagged-signature", [], Samples.Child(image));
        await StoreAsync(A, signature);
        await StoreAsync(A, ofSignature);
        await StoreAsync(A, tagged, "sig");

        var tags = (await TagsAsync(A)).ToDictionary(tag => tag.Name);
        Assert.Equal(image.Length + "configlayer".Length, tags["v1"].Referred);
        Assert.Equal(image.Length + signature.Length + ofSignature.Length + "configlayersignature".Length, tags["v1"].Unique);
        Assert.Equal(tagged.Length + "tagged-signature".Length, tags["sig"].Unique);
    }

    [Fact]
    public async Task What_the_trash_of_the_repository_holds_goes_with_the_tag()
    {
        var image = await PushAsync(A, "config", ["layer"], "v1");
        await DeleteAsync(A, await PushAsync(A, "config", ["layer", "gone"], "v0"));
        Assert.Equal([("v1", image.Length + "configlayer".Length, image.Length + "configlayer".Length)], await TagsAsync(A));

        // In the trash of another repository, it stays.
        await DeleteAsync(B, await PushAsync(B, "config", ["layer"]));
        Assert.Equal([("v1", image.Length + "configlayer".Length, 0)], await TagsAsync(A));
    }

    [Fact]
    public async Task A_repository_with_more_than_the_limit_is_not_read()
    {
        await PushAsync(A, "config", ["one", "two"], "v1", "v2", "v3", "v4");
        await PushAsync(B, "config", ["one"], "v1");
        Assert.Null(await _engine.Space.ReadRepositoryAsync(A, 3));
        var content = (await _engine.Space.ReadRepositoryAsync(A, 4))!;
        Assert.Equal((1, 3, 3, 4), (content.Manifests.Count, content.Blobs.Count, content.References.Count, content.Tags.Count));
        Assert.NotNull(await _engine.Space.ReadRepositoryAsync(B, 2));
        Assert.Null(await _engine.Space.ReadRepositoryAsync(B, 1));
        Assert.Empty((await _engine.Space.ReadRepositoryAsync(Samples.Repository("none"), 1))!.Manifests);
    }
}
