using System.Text.Json;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Listings;

/// <summary>OCI distribution-spec, "Listing Referrers".</summary>
public sealed class ReferrersTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Theory]
    [InlineData("referrers/unknown")]
    [InlineData("referrers/known")]
    public async Task Never_404_but_an_empty_index(string repository)
    {
        await fixture.Client.PushAsync("referrers/known", TestImage.Create());
        foreach (var digest in new[] { TestBlob.Random().Digest, TestBlob.Random().Sha512 })
        {
            var answer = Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/{repository}/referrers/{digest}"));

            Assert.Equal(TestImage.OciIndex, answer["Content-Type"]);
            Assert.Equal("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}""", answer.Text);
            Assert.Null(answer["Link"]);
            Assert.Null(answer["OCI-Filters-Applied"]);
        }
    }

    [Theory]
    [InlineData("latest")]
    [InlineData("sha256:abc")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    public async Task A_subject_is_a_digest(string subject) =>
        Check.Error(400, "DIGEST_INVALID", "invalid digest", await fixture.Client.GetAnswerAsync($"/v2/referrers/known/referrers/{subject}"));

    [Fact]
    public async Task Every_kind_of_referrer_is_listed_with_its_artifact_type_and_annotations()
    {
        var subject = await fixture.Client.PushAsync("referrers/kinds", TestImage.Create(), "subject");
        var typed = TestImage.Artifact("application/vnd.example.sbom", subject, json => json["annotations"] = new JsonObject { ["a"] = "1", ["b"] = "\u00e4\"" });
        var image = TestImage.Create(json => json["subject"] = subject.Describe());
        var emptyType = TestImage.Artifact("a/b", subject, json => json["artifactType"] = "");
        var typedIndex = TestImage.Index([], json => (json["subject"], json["artifactType"]) = (subject.Describe(), "application/vnd.example.list"));
        var plainIndex = TestImage.Index([subject], json => json["subject"] = subject.Describe());
        foreach (var referrer in new[] { typed, image, emptyType, typedIndex, plainIndex })
        {
            await fixture.Client.PushAsync("referrers/kinds", referrer);
        }

        var answer = await GetAsync("referrers/kinds", subject);

        var items = Items(answer);
        Assert.Equal(5, items.Count);
        Assert.Equal(items.Keys.Order(StringComparer.Ordinal), items.Keys);
        AssertItem(items[typed.Digest], typed, "application/vnd.example.sbom", """{"a":"1","b":"ä\""}""");
        AssertItem(items[image.Digest], image, TestImage.ConfigType, null);
        AssertItem(items[emptyType.Digest], emptyType, TestImage.EmptyType, null);
        AssertItem(items[typedIndex.Digest], typedIndex, "application/vnd.example.list", JsonNode.Parse(typedIndex.ToString())!["annotations"]!.ToJsonString());
        AssertItem(items[plainIndex.Digest], plainIndex, null, JsonNode.Parse(plainIndex.ToString())!["annotations"]!.ToJsonString());
        Assert.Null(answer["OCI-Filters-Applied"]);
    }

    [Fact]
    public async Task A_filter_leaves_one_artifact_type_and_says_so()
    {
        var subject = await fixture.Client.PushAsync("referrers/filter", TestImage.Create());
        var sboms = new[] { TestImage.Artifact("application/vnd.example.sbom+json", subject), TestImage.Artifact("application/vnd.example.sbom+json", subject) };
        var image = TestImage.Create(json => json["subject"] = subject.Describe());
        var index = TestImage.Index([], json => json["subject"] = subject.Describe());
        foreach (var referrer in (TestImage[])[.. sboms, image, index, TestImage.Artifact("application/vnd.example", subject)])
        {
            await fixture.Client.PushAsync("referrers/filter", referrer);
        }

        foreach (var (filter, expected) in new (string, TestImage[])[]
        {
            ("application/vnd.example.sbom%2Bjson", sboms), ("application/vnd.example.sbom+json", sboms),
            (Uri.EscapeDataString(TestImage.ConfigType), [image]), ("application/vnd.nobody", []), ("APPLICATION/VND.EXAMPLE", []),
        })
        {
            var answer = Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/referrers/filter/referrers/{subject.Digest}?artifactType={filter}"));

            Assert.Equal("artifactType", answer["OCI-Filters-Applied"]);
            Assert.Equal(expected.Select(e => e.Digest).Order(StringComparer.Ordinal), Items(answer).Keys);
        }

        var unfiltered = await fixture.Client.GetAnswerAsync($"/v2/referrers/filter/referrers/{subject.Digest}?artifactType=");
        Assert.Null(unfiltered["OCI-Filters-Applied"]);
        Assert.Equal(5, Items(unfiltered).Count);
    }

    [Fact]
    public async Task A_referrer_may_come_before_its_subject_and_stay_after_it()
    {
        var subject = TestImage.Create();
        var referrer = await fixture.Client.PushAsync("referrers/order", TestImage.Artifact("a/b", subject));
        Assert.Equal([referrer.Digest], Items(await GetAsync("referrers/order", subject)).Keys);

        await fixture.Client.PushAsync("referrers/order", subject);
        Assert.Equal([referrer.Digest], Items(await GetAsync("referrers/order", subject)).Keys);

        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/referrers/order/manifests/{subject.Digest}"));
        Assert.Equal([referrer.Digest], Items(await GetAsync("referrers/order", subject)).Keys);
        Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/referrers/order/manifests/{referrer.Digest}"));
    }

    [Fact]
    public async Task A_deleted_referrer_is_listed_no_more_and_an_untagged_one_is()
    {
        var subject = await fixture.Client.PushAsync("referrers/delete", TestImage.Create());
        var gone = await fixture.Client.PushAsync("referrers/delete", TestImage.Artifact("a/b", subject), "gone");
        var kept = await fixture.Client.PushAsync("referrers/delete", TestImage.Artifact("a/b", subject), "kept");

        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/referrers/delete/manifests/{gone.Digest}"));
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", "/v2/referrers/delete/manifests/kept"));

        Assert.Equal([kept.Digest], Items(await GetAsync("referrers/delete", subject)).Keys);
    }

    [Fact]
    public async Task Referrers_of_one_repository_are_not_those_of_another()
    {
        var subject = await fixture.Client.PushAsync("referrers/one", TestImage.Create());
        await fixture.Client.PushAsync("referrers/one", TestImage.Artifact("a/b", subject));
        await fixture.Client.PushAsync("referrers/two", subject);

        Assert.Empty(Items(await GetAsync("referrers/two", subject)));
    }

    [Fact]
    public async Task A_subject_in_sha512_has_its_own_referrers()
    {
        var subject = await fixture.Client.PushAsync("referrers/sha512", TestImage.Create());
        var referrer = await fixture.Client.PushAsync("referrers/sha512", TestImage.Create(json => json["subject"] = subject.Describe("sha512")));

        Assert.Empty(Items(await GetAsync("referrers/sha512", subject)));
        var answer = await fixture.Client.GetAnswerAsync($"/v2/referrers/sha512/referrers/{subject.Manifest.Sha512}");
        Assert.Equal([referrer.Digest], Items(answer).Keys);
    }

    [Fact]
    public async Task A_list_beyond_4_MiB_is_paged_and_every_page_is_an_index_within_it()
    {
        var subject = TestImage.Create();
        var expected = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            // Characters that JSON may escape count for what they become.
            var text = new string(i % 2 == 0 ? 'A' : '\u00e4', 500_000);
            var referrer = TestImage.Index([], json =>
                (json["subject"], json["artifactType"], json["annotations"]) = (subject.Describe(), $"a/t{i % 3}", new JsonObject { ["text"] = text, ["i"] = $"{i}" }));
            await fixture.Client.PushAsync("referrers/pages", referrer);
            expected.Add(referrer.Digest);
        }

        foreach (var (query, count) in new[] { ("", 12), ("?artifactType=a/t1", 4) })
        {
            var seen = new List<string>();
            var pages = 0;
            for (var path = $"/v2/referrers/pages/referrers/{subject.Digest}{query}"; path is not null; pages++)
            {
                var answer = Check.Status(200, await fixture.Client.GetAnswerAsync(path));
                Assert.InRange(answer.Body.Length, 1, 4 * 1024 * 1024);
                Assert.Equal(TestImage.OciIndex, answer["Content-Type"]);
                Assert.Equal(query.Length == 0 ? null : "artifactType", answer["OCI-Filters-Applied"]);
                seen.AddRange(Items(answer).Keys);
                var link = answer["Link"];
                Assert.True(link is null || link.EndsWith(">; rel=\"next\"", StringComparison.Ordinal), link);
                path = link is null ? null : link[1..link.IndexOf('>', StringComparison.Ordinal)];
                Assert.StartsWith("/v2/referrers/pages/referrers/", path ?? "/v2/referrers/pages/referrers/", StringComparison.Ordinal);
            }

            Assert.Equal(count, seen.Count);
            Assert.True(query.Length > 0 ? expected.Order(StringComparer.Ordinal).Intersect(seen).SequenceEqual(seen) : expected.Order(StringComparer.Ordinal).SequenceEqual(seen));
            Assert.True(query.Length > 0 || pages > 1);
        }
    }

    [Fact]
    public async Task More_referrers_than_the_server_reads_at_once_are_all_listed()
    {
        var subject = TestImage.Create();
        await Parallel.ForEachAsync(Enumerable.Range(0, 501), async (_, _) =>
            Check.Status(201, await fixture.Client.PutManifestAsync("referrers/many", "t", TestImage.Index([], json => json["subject"] = subject.Describe()))));

        Assert.Equal(501, Items(await GetAsync("referrers/many", subject)).Count);
    }

    [Fact]
    public async Task Paging_takes_a_digest_only() =>
        Check.Error(400, "DIGEST_INVALID", "invalid digest", await fixture.Client.GetAnswerAsync($"/v2/referrers/x/referrers/{TestBlob.Random().Digest}?last=x"));

    private async Task<Answer> GetAsync(string repository, TestImage subject) =>
        Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/{repository}/referrers/{subject.Digest}"));

    private static Dictionary<string, JsonElement> Items(Answer answer) =>
        answer.Json.GetProperty("manifests").EnumerateArray().ToDictionary(item => item.GetProperty("digest").GetString()!);

    private static void AssertItem(JsonElement item, TestImage referrer, string? artifactType, string? annotations)
    {
        Assert.Equal(referrer.MediaType, item.GetProperty("mediaType").GetString());
        Assert.Equal(referrer.Manifest.Bytes.Length, item.GetProperty("size").GetInt32());
        Assert.Equal(artifactType, item.TryGetProperty("artifactType", out var type) ? type.GetString() : null);
        var copied = item.TryGetProperty("annotations", out var found) ? found.GetRawText() : null;
        Assert.True(JsonNode.DeepEquals(annotations is null ? null : JsonNode.Parse(annotations), copied is null ? null : JsonNode.Parse(copied)), copied);
    }
}
