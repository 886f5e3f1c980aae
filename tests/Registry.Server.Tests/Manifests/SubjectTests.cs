namespace Registry.Server.Tests.Manifests;

/// <summary>OCI distribution-spec, "Pushing Manifests with Subject" and the tag parameter of "Pushing Manifests".</summary>
public sealed class SubjectTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OCI_Subject_repeats_the_subject_of_an_image_and_of_an_index(bool byTag)
    {
        var subject = TestImage.Create();
        var images = new[]
        {
            TestImage.Create(json => json["subject"] = subject.Describe()),
            TestImage.Artifact("application/vnd.example", subject),
            TestImage.Index([], json => json["subject"] = subject.Describe()),
        };
        foreach (var image in images)
        {
            await fixture.Client.PushAsync("subject/echo", image);

            var answer = Check.Status(201, await fixture.Client.PutManifestAsync("subject/echo", byTag ? "t" : image.Digest, image));

            Assert.Equal(subject.Digest, answer["OCI-Subject"]);
        }
    }

    [Fact]
    public async Task A_subject_may_be_named_by_sha512()
    {
        var subject = TestImage.Create();
        var image = TestImage.Create(json => json["subject"] = subject.Describe("sha512"));
        await fixture.Client.PushAsync("subject/sha512", image);

        var answer = Check.Status(201, await fixture.Client.PutManifestAsync("subject/sha512", "t", image));

        Assert.Equal(subject.Manifest.Sha512, answer["OCI-Subject"]);
    }

    [Fact]
    public async Task A_subject_of_null_is_none()
    {
        var image = TestImage.Create(json => json["subject"] = null);
        await fixture.Client.PushAsync("subject/null", image);

        Assert.Null(Check.Status(201, await fixture.Client.PutManifestAsync("subject/null", "t", image))["OCI-Subject"]);
    }

    [Theory]
    [InlineData("sha256", 1)]
    [InlineData("sha256", 4)]
    [InlineData("sha256", 40)]
    [InlineData("sha512", 4)]
    public async Task A_push_by_digest_sets_every_tag_of_its_query_and_says_so(string algorithm, int count)
    {
        var repository = $"tags/{algorithm}-{count}";
        var image = await fixture.Client.PushAsync(repository, TestImage.Create());
        var tags = Enumerable.Range(0, count).Select(i => $"tag-{i:d3}").ToList();

        var answer = Check.Status(201, await fixture.Client.PutManifestAsync(
            repository, $"{image.Manifest.In(algorithm)}?{string.Join('&', tags.Select(tag => $"tag={tag}"))}", image));

        Assert.Equal(tags, answer.All("OCI-Tag"));
        Assert.Equal(image.Manifest.In(algorithm), answer["Docker-Content-Digest"]);
        Assert.Equal(tags, (await fixture.Client.GetAnswerAsync($"/v2/{repository}/tags/list")).Strings("tags"));
        foreach (var tag in tags)
        {
            Assert.Equal(image.Manifest.In(algorithm), (await fixture.Client.HeadAnswerAsync($"/v2/{repository}/manifests/{tag}"))["Docker-Content-Digest"]);
        }
    }

    [Theory]
    [InlineData("tag=good&tag=.bad")]
    [InlineData("tag=")]
    [InlineData("tag=good&tag=a%2Fb")]
    [InlineData("tag=good&tag=sha256:abc")]
    public async Task One_bad_tag_refuses_them_all(string query)
    {
        var image = await fixture.Client.PushAsync("tags/bad", TestImage.Create());

        Check.Error(400, "MANIFEST_INVALID", "invalid tag", await fixture.Client.PutManifestAsync("tags/bad", $"{image.Digest}?{query}", image));

        Check.Status(404, await fixture.Client.HeadAnswerAsync("/v2/tags/bad/manifests/good"));
    }

    [Fact]
    public async Task More_than_100_tags_are_414_and_none_is_set()
    {
        var image = await fixture.Client.PushAsync("tags/many", TestImage.Create());
        var query = string.Join('&', Enumerable.Range(0, 101).Select(i => $"tag=t{i}"));

        Check.Error(414, "MANIFEST_INVALID", "too many tags in one request", await fixture.Client.PutManifestAsync("tags/many", $"{image.Digest}?{query}", image));

        Assert.Empty((await fixture.Client.GetAnswerAsync("/v2/tags/many/tags/list")).Strings("tags"));
        Check.Status(201, await fixture.Client.PutManifestAsync("tags/many", $"{image.Digest}?{query[..query.LastIndexOf('&')]}", image));
    }

    [Fact]
    public async Task A_push_by_tag_takes_no_further_tags()
    {
        var image = await fixture.Client.PushAsync("tags/by-tag", TestImage.Create());

        Check.Error(400, "MANIFEST_INVALID", "invalid tag", await fixture.Client.PutManifestAsync("tags/by-tag", "a?tag=b", image));

        Check.Status(404, await fixture.Client.HeadAnswerAsync("/v2/tags/by-tag/manifests/a"));
    }

    [Fact]
    public async Task A_refused_manifest_sets_no_tag()
    {
        var image = TestImage.Create();

        Check.Status(400, await fixture.Client.PutManifestAsync("tags/refused", $"{image.Digest}?tag=a&tag=b", image));

        Check.Status(404, await fixture.Client.GetAnswerAsync("/v2/tags/refused/tags/list"));
    }

    [Fact]
    public async Task A_tag_may_be_named_twice()
    {
        var image = await fixture.Client.PushAsync("tags/twice", TestImage.Create());

        Check.Status(201, await fixture.Client.PutManifestAsync("tags/twice", $"{image.Digest}?tag=a&tag=a", image));

        Assert.Equal(["a"], (await fixture.Client.GetAnswerAsync("/v2/tags/twice/tags/list")).Strings("tags"));
    }
}
