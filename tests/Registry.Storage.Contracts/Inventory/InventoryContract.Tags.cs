using System.Globalization;
using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Inventory;

/// <summary>Tags.</summary>
public abstract partial class InventoryContract
{
    [Fact]
    public async Task An_unknown_repository_has_no_list_of_tags() =>
        Assert.Equal(RegistryErrorCode.NameUnknown, (await _inventory.ListTagsAsync(A, new TagQuery(), default)).Error!.Code);

    [Fact]
    public async Task Tags_are_listed_by_name_and_by_time_in_pages()
    {
        string[] tags = ["v2", "latest", "v10", "v1", "V1"];
        foreach (var tag in tags)
        {
            await PushAsync(A, $"layer {tag}", tag);
            await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(["V1", "latest", "v1", "v10", "v2"], await TagsAsync(new TagQuery()));
        Assert.Equal(Enumerable.Reverse(tags), await TagsAsync(new TagQuery { Order = TagOrder.Time }));
        Assert.Equal(["v1", "v10", "v2"], await TagsAsync(new TagQuery { Prefix = "v" }));
        Assert.Equal(["v1", "v10", "v2"], await TagsAsync(new TagQuery { Prefix = "v", Order = TagOrder.Time }));
        Assert.Equal(["v10"], await TagsAsync(new TagQuery { Prefix = "v10" }));
        Assert.Empty(await TagsAsync(new TagQuery { Prefix = "v%" }));
        Assert.Empty(await TagsAsync(new TagQuery { Prefix = "w" }));
    }

    [Fact]
    public async Task A_tag_that_moves_is_new_and_one_that_is_set_to_what_it_was_is_not()
    {
        await PushAsync(A, "layer", "first");
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        var image = await PushAsync(A, "other", "second");
        var setAt = _engine.UnixTime;
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await StoreAsync(A, image, "second");
        var entry = (await ListTagsAsync(new TagQuery { Order = TagOrder.Time })).Items[0];
        Assert.Equal(("second", setAt, "tester"), (entry.Tag.Value, entry.SetAt!.Value.ToUnixTimeSeconds(), entry.SetBy));
        await StoreAsync(A, image, "first");
        Assert.Equal(["first", "second"], await TagsAsync(new TagQuery { Order = TagOrder.Time }));
    }

    [Fact]
    public async Task A_tag_has_its_manifest_with_all_its_tags_and_the_size_of_what_it_needs()
    {
        var image = await PushAsync(A, "layer", "v1", "latest");
        var page = await ListTagsAsync(new TagQuery());
        Assert.Equal(["latest", "v1"], page.Items.Select(one => one.Tag.Value));
        var manifest = page.Items[1].Manifest;
        Assert.Equal((Samples.Digest(image), MediaTypes.OciManifest, ManifestKind.Image), (manifest.Digest, manifest.MediaType, manifest.Kind));
        Assert.Equal(["latest", "v1"], manifest.Tags.Select(tag => tag.Value));
        Assert.False(manifest.HasMoreTags);
        Assert.Equal(image.Length + "config".Length + "layer".Length, manifest.Size);
    }

    [Fact]
    public async Task Repositories_with_a_tag_are_found_where_the_viewer_may_pull()
    {
        foreach (var (name, tags) in new[] { ("a", new[] { "v1", "v1.2" }), ("b", ["v1.5", "v10"]), ("c", ["latest"]), ("d", ["V1"]) })
        {
            await PushAsync(Samples.Repository(name), $"layer {name}", tags);
            await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        }

        Assert.Equal([("b", "v1.5"), ("a", "v1")], await FindAsync("v1", Everyone));
        Assert.Equal([("a", "v1.2")], await FindAsync("v1.2", Everyone));
        Assert.Equal([("a", "v1")], await FindAsync("v1", new Viewer([RepositoryRange.StartingWith("a")], _ => true)));
        Assert.Equal([("b", "v1.5")], await FindAsync("v1", new Viewer([RepositoryRange.All], name => name.Value != "a")));
        Assert.Empty(await FindAsync("v%", Everyone));
        Assert.Empty(await FindAsync("w", Everyone));
        Assert.True((await _inventory.FindTagsAsync("v1", Everyone)).Value is { HasMore: false, IsWhole: true });
        Assert.True((await _inventory.FindTagsAsync(string.Empty, Everyone)).Value is { HasMore: true, Items.Count: 2 });

        async Task<List<(string, string)>> FindAsync(string prefix, Viewer viewer) =>
            [.. (await _inventory.FindTagsAsync(prefix, viewer)).Value.Items.Select(one => (one.Repository.Value, one.Tag.Value))];
    }

    [Fact]
    public async Task An_index_has_the_size_of_its_images_with_what_they_share_once()
    {
        var first = await PushAsync(A, "first layer");
        var second = await PushAsync(A, "second layer");
        var index = Samples.Index([Samples.Child(first), Samples.Child(second)]);
        await StoreAsync(A, index, "v1");
        var manifest = (await ListTagsAsync(new TagQuery())).Items.Single().Manifest;
        Assert.Equal(
            (ManifestKind.Index, index.Length + first.Length + second.Length + "configfirst layersecond layer".Length), (manifest.Kind, (int)manifest.Size!.Value));
    }

    [Fact]
    public async Task An_artifact_is_no_image()
    {
        var image = await PushAsync(A, "layer", "v1");
        await _engine.Metadata.LinkBlobAsync(A, Samples.Digest("{}"), 2);
        var signature = Samples.Image("{}", [], Samples.Child(image), artifactType: "application/vnd.example.signature");
        await StoreAsync(A, signature, "sig");
        var manifest = (await ListTagsAsync(new TagQuery { Prefix = "sig" })).Items.Single().Manifest;
        Assert.Equal(
            (ManifestKind.Artifact, "application/vnd.example.signature", Samples.Digest(image)), (manifest.Kind, manifest.ArtifactType, manifest.Subject!.Value));
    }

    [Fact]
    public async Task The_platforms_of_an_image_are_in_its_config_and_those_of_an_index_in_itself()
    {
        const string config = """{"architecture":"arm64","os":"linux","variant":"v8"}""";
        await _engine.Metadata.LinkBlobAsync(A, Samples.Digest(config), config.Length, staged: Samples.Text(config));
        var image = Samples.Image(new Descriptor(MediaTypes.OciImageConfig, Samples.Digest(config), config.Length), []);
        await StoreAsync(A, image, "one");
        var entries = string.Join(',', new[] { ("linux", "amd64"), ("linux", "arm64"), ("unknown", "unknown") }.Select(platform =>
            $$$"""{"mediaType":"{{{MediaTypes.OciManifest}}}","digest":"{{{Samples.Digest(image)}}}","size":{{{image.Length}}},"platform":{"os":"{{{platform.Item1}}}","architecture":"{{{platform.Item2}}}"}}"""));
        await StoreAsync(A, Samples.Text($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{entries}}]}"""), "two");
        var page = await ListTagsAsync(new TagQuery());
        Assert.Equal(["linux/arm64/v8"], page.Items[0].Manifest.Platforms);
        Assert.Equal(["linux/amd64", "linux/arm64"], page.Items[1].Manifest.Platforms);
    }

    [Fact]
    public async Task Many_tags_are_listed_in_pages()
    {
        var names = Enumerable.Range(0, 2_100).Select(i => string.Create(CultureInfo.InvariantCulture, $"v{i:0000}")).ToArray();
        await PushAsync(A, "layer", names);
        Assert.Equal(names, await TagsAsync(new TagQuery { Limit = 100 }));
        Assert.Equal(Enumerable.Reverse(names), await TagsAsync(new TagQuery { Limit = 100, Order = TagOrder.Time }));
        Assert.Equal(Enumerable.Reverse(names), await TagsAsync(new TagQuery { Limit = 100, Order = TagOrder.Time, Prefix = "v" }));
        var manifest = (await ListTagsAsync(new TagQuery { Limit = 1 })).Items.Single().Manifest;
        Assert.Equal((InventoryOperations.MostTags, true), (manifest.Tags.Count, manifest.HasMoreTags));
        Assert.Equal(new UpTo(InventoryOperations.LargestCount, true), (await ListAsync(new RepositoryQuery())).Items.Single().Tags);
    }

    private async Task<InventoryPage<TagEntry>> ListTagsAsync(TagQuery query) => (await _inventory.ListTagsAsync(A, query, default)).Value;

    // All pages.
    private async Task<List<string>> TagsAsync(TagQuery query)
    {
        var tags = new List<string>();
        for (string? next = null; ;)
        {
            var page = await ListTagsAsync(query with { After = next });
            tags.AddRange(page.Items.Select(one => one.Tag.Value));
            if (page.Next is null)
            {
                return tags;
            }

            next = page.Next;
        }
    }
}
