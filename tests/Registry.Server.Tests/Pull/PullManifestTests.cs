namespace Registry.Server.Tests.Pull;

/// <summary>OCI distribution-spec, "Pulling manifests" and "Checking if content exists in the registry".</summary>
public sealed class PullManifestTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Theory]
    [InlineData("GET", "latest")]
    [InlineData("GET", null)]
    [InlineData("HEAD", "latest")]
    [InlineData("HEAD", null)]
    public async Task Answers_with_the_bytes_the_type_and_the_digest(string method, string? tag)
    {
        var image = await fixture.Client.PushAsync("pull/manifest", TestImage.Create(), "latest");

        var answer = Check.Status(200, await fixture.Client.RequestAsync(method, $"/v2/pull/manifest/manifests/{tag ?? image.Digest}"));

        Assert.Equal(TestImage.OciManifest, answer["Content-Type"]);
        Assert.Equal(image.Digest, answer["Docker-Content-Digest"]);
        Assert.Equal($"\"{image.Digest}\"", answer["ETag"]);
        Assert.Equal(image.Manifest.Bytes.Length, answer.Length);
        Assert.Equal(method == "HEAD" ? [] : image.Manifest.Bytes, answer.Body);
        Assert.Equal("registry/2.0", answer["Docker-Distribution-API-Version"]);
    }

    [Theory]
    [InlineData("application/vnd.oci.image.index.v1+json")]
    [InlineData("application/vnd.docker.distribution.manifest.v1+json")]
    [InlineData("text/html;q=0.1")]
    [InlineData("*/*")]
    [InlineData("nonsense")]
    public async Task Ignores_Accept(string accept)
    {
        var image = await fixture.Client.PushAsync("pull/accept", TestImage.Create());

        var answer = Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/pull/accept/manifests/{image.Digest}", ("Accept", accept)));

        Assert.Equal(TestImage.OciManifest, answer["Content-Type"]);
        Assert.Equal(image.Manifest.Bytes, answer.Body);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task Answers_in_the_algorithm_that_was_asked_for(string method)
    {
        var image = await fixture.Client.PushAsync("pull/algorithms", TestImage.Create(), "by-sha256");
        Check.Status(201, await fixture.Client.PutManifestAsync("pull/algorithms", $"{image.Manifest.Sha512}?tag=by-sha512", image));

        foreach (var (reference, digest) in new[]
        {
            (image.Digest, image.Digest), ("by-sha256", image.Digest),
            (image.Manifest.Sha512, image.Manifest.Sha512), ("by-sha512", image.Manifest.Sha512),
        })
        {
            var answer = Check.Status(200, await fixture.Client.RequestAsync(method, $"/v2/pull/algorithms/manifests/{reference}"));
            Assert.Equal(digest, answer["Docker-Content-Digest"]);
        }
    }

    [Fact]
    public async Task A_manifest_that_is_missing_is_unknown_in_a_repository_that_exists_and_in_one_that_does_not()
    {
        await fixture.Client.PushAsync("pull/known", TestImage.Create(), "latest");
        foreach (var repository in new[] { "pull/known", "pull/unknown" })
        {
            foreach (var reference in new[] { "missing", TestBlob.Random().Digest, TestBlob.Random().Sha512, ".INVALID_MANIFEST_NAME" })
            {
                var path = $"/v2/{repository}/manifests/{reference}";
                Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await fixture.Client.GetAnswerAsync(path));
                Assert.Empty(Check.Status(404, await fixture.Client.HeadAnswerAsync(path)).Body);
            }
        }
    }

    [Fact]
    public async Task A_manifest_of_one_repository_is_unknown_in_another()
    {
        var image = await fixture.Client.PushAsync("pull/here", TestImage.Create());
        await fixture.Client.PushAsync("pull/there", TestImage.Create());

        Check.Status(404, await fixture.Client.GetAnswerAsync($"/v2/pull/there/manifests/{image.Digest}"));
    }

    [Fact]
    public async Task A_manifest_is_no_blob_and_a_blob_is_no_manifest()
    {
        var image = await fixture.Client.PushAsync("pull/kinds", TestImage.Create());

        Check.Error(404, "BLOB_UNKNOWN", "blob unknown", await fixture.Client.GetAnswerAsync($"/v2/pull/kinds/blobs/{image.Digest}"));
        Check.Error(404, "MANIFEST_UNKNOWN", "manifest unknown", await fixture.Client.GetAnswerAsync($"/v2/pull/kinds/manifests/{image.Blobs[0].Digest}"));
    }

    [Theory]
    [InlineData("sha256:baddigeststring")]
    [InlineData("sha256:totallywrong")]
    [InlineData("sha256:")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85")]
    [InlineData("sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("sha256+b64:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public async Task What_has_a_colon_but_is_no_digest_is_a_bad_digest(string reference)
    {
        foreach (var method in new[] { "GET", "DELETE" })
        {
            Check.Error(400, "DIGEST_INVALID", "invalid digest", await fixture.Client.RequestAsync(method, $"/v2/pull/digests/manifests/{reference}"));
            Check.Error(400, "DIGEST_INVALID", "invalid digest", await fixture.Client.RequestAsync(method, $"/v2/pull/digests/blobs/{reference}"));
        }

        Assert.Empty(Check.Status(400, await fixture.Client.HeadAnswerAsync($"/v2/pull/digests/manifests/{reference}")).Body);
    }

    [Fact]
    public async Task A_tag_has_at_most_128_characters()
    {
        var longest = new string('t', 128);
        var image = await fixture.Client.PushAsync("pull/long-tag", TestImage.Create(), longest);

        Assert.Equal(image.Digest, (await fixture.Client.GetAnswerAsync($"/v2/pull/long-tag/manifests/{longest}"))["Docker-Content-Digest"]);
        Check.Error(400, "MANIFEST_INVALID", "invalid tag", await fixture.Client.PutManifestAsync("pull/long-tag", longest + "t", image));
        Check.Status(404, await fixture.Client.GetAnswerAsync($"/v2/pull/long-tag/manifests/{longest}t"));
    }

    [Fact]
    public async Task Range_does_not_cut_a_manifest()
    {
        var image = await fixture.Client.PushAsync("pull/range", TestImage.Create());

        var answer = Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/pull/range/manifests/{image.Digest}", ("Range", "bytes=0-9")));

        Assert.Equal(image.Manifest.Bytes, answer.Body);
    }
}
