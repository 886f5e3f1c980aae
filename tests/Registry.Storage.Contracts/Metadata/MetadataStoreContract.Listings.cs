using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Metadata;

public abstract partial class MetadataStoreContract
{
    [Fact]
    public async Task Tags_are_listed_in_ordinal_order()
    {
        string[] tags = ["b", "B", "a", "_", "a.1", "a-1", "a_1", "10", "9", "Z", "z", "a1"];
        await PushImageAsync(A, "app", tags);
        Assert.Equal(tags.Order(StringComparer.Ordinal), await TagsAsync(A));
    }

    [Fact]
    public async Task Tags_come_in_pages_after_a_marker_that_need_not_exist()
    {
        await PushImageAsync(A, "app", "a", "c", "e", "g");
        await AssertPageAsync(null, 2, ["a", "c"], hasMore: true);
        await AssertPageAsync("c", 2, ["e", "g"], hasMore: false);
        await AssertPageAsync("d", 1, ["e"], hasMore: true);
        await AssertPageAsync("", 4, ["a", "c", "e", "g"], hasMore: false);
        await AssertPageAsync("g", 2, [], hasMore: false);
        await AssertPageAsync("~", 2, [], hasMore: false);
        await AssertPageAsync(null, 0, [], hasMore: true);

        async Task AssertPageAsync(string? last, int limit, string[] items, bool hasMore)
        {
            var page = await Metadata.ListTagsAsync(A, last, limit);
            Assert.Equal(items, page!.Items);
            Assert.Equal(hasMore, page.HasMore);
        }
    }

    [Fact]
    public async Task A_repository_that_holds_blobs_alone_has_an_empty_list_of_tags_and_is_not_in_the_catalog()
    {
        await LinkAsync(A, "blob");
        Assert.Equal([], await TagsAsync(A));
        Assert.Empty(await RepositoriesAsync());
    }

    [Fact]
    public async Task Repositories_come_in_ordinal_order_and_in_pages()
    {
        string[] names = ["b", "a", "a/b", "a-b", "a.b", "a0", "z/y/x", "a/b/c", "aa"];
        foreach (var name in names)
        {
            await PushImageAsync(Samples.Repository(name), "app");
        }

        var expected = names.Order(StringComparer.Ordinal).ToList();
        Assert.Equal(expected, await RepositoriesAsync());
        var seen = new List<string>();
        for (var last = (string?)null; ;)
        {
            var page = await Metadata.ListRepositoriesAsync([RepositoryRange.All], last, 2);
            seen.AddRange(page.Items);
            if (!page.HasMore)
            {
                break;
            }

            Assert.Equal(2, page.Items.Count);
            last = page.Items[^1];
        }

        Assert.Equal(expected, seen);
        Assert.Equal(["a0"], (await Metadata.ListRepositoriesAsync([RepositoryRange.All], "a/zzz", 1)).Items);
    }

    [Fact]
    public async Task A_repository_leaves_the_catalog_with_its_last_manifest()
    {
        var first = await PushImageAsync(A, "first", "v1");
        var second = await PushImageAsync(A, "second");
        await DeleteAsync(A, Samples.Digest(first));
        Assert.Equal(["a"], await RepositoriesAsync());
        await DeleteAsync(A, Samples.Digest(second));
        Assert.Empty(await RepositoriesAsync());
        Assert.Equal([], await TagsAsync(A));
    }

    [Fact]
    public async Task Referrers_are_listed_with_what_their_descriptor_needs()
    {
        await LinkAsync(A, "config");
        var subject = Samples.Child(Samples.Text("the subject"));
        var signature = Samples.Image("config", [], subject, "application/vnd.example.signature", "signed");
        var plain = Samples.Image("config", [], subject);
        var index = Samples.Index([], subject);
        foreach (var manifest in new[] { signature, plain, index, Samples.Image("config", []), Samples.Image("config", [], Samples.Child([1])) })
        {
            Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, manifest))).Error);
        }

        var page = await Metadata.ListReferrersAsync(A, subject.Digest, null, null, 10);
        Assert.False(page.HasMore);
        Assert.Equal(
            new[]
            {
                new Referrer(Samples.Digest(signature), MediaTypes.OciManifest, signature.Length, "application/vnd.example.signature", """{"note":"signed"}"""u8.ToArray()),
                new Referrer(Samples.Digest(plain), MediaTypes.OciManifest, plain.Length, Samples.ConfigType, null),
                new Referrer(Samples.Digest(index), MediaTypes.OciIndex, index.Length, null, null),
            }.OrderBy(referrer => referrer.Digest),
            page.Items);
        Assert.Empty((await Metadata.ListReferrersAsync(B, subject.Digest, null, null, 10)).Items);
    }

    [Fact]
    public async Task Referrers_are_filtered_by_type_and_come_in_pages()
    {
        await LinkAsync(A, "config");
        var subject = Samples.Child(Samples.Text("the subject"));
        var digests = new List<Digest>();
        for (var i = 0; i < 9; i++)
        {
            var referrer = Samples.Image("config", [], subject, i % 3 == 0 ? "x/y" : "x/z", $"{i}");
            Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, referrer))).Error);
            digests.Add(Samples.Digest(referrer));
        }

        Assert.Equal(digests.Order(), await CollectAsync(null));
        Assert.Equal(digests.Where((_, i) => i % 3 == 0).Order(), await CollectAsync("x/y"));
        Assert.Empty(await CollectAsync("x"));

        // A marker that was deleted still pages.
        var sorted = digests.Order().ToList();
        Assert.Null(await DeleteAsync(A, sorted[3]));
        Assert.Equal(sorted[4..6], (await Metadata.ListReferrersAsync(A, subject.Digest, null, sorted[3], 2)).Items.Select(item => item.Digest));

        async Task<List<Digest>> CollectAsync(string? type)
        {
            var all = new List<Digest>();
            Page<Referrer> page;
            do
            {
                page = await Metadata.ListReferrersAsync(A, subject.Digest, type, all.Count > 0 ? all[^1] : null, 2);
                all.AddRange(page.Items.Select(item => item.Digest));
            }
            while (page.HasMore);
            return all;
        }
    }

    [Fact]
    public async Task A_referrer_may_come_before_its_subject_and_outlive_it()
    {
        var image = Samples.Image("app config", [Samples.Layer("app layer")]);
        await LinkAsync(A, "config");
        var signature = Samples.Image("config", [], Samples.Child(image));
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, signature))).Error);
        await PushImageAsync(A, "app", "latest");
        Assert.Null(await DeleteAsync(A, Samples.Digest(image)));
        Assert.Single((await Metadata.ListReferrersAsync(A, Samples.Digest(image), null, null, 10)).Items);
        Assert.Null(await DeleteAsync(A, Samples.Digest(signature)));
        Assert.Empty((await Metadata.ListReferrersAsync(A, Samples.Digest(image), null, null, 10)).Items);
    }
}
