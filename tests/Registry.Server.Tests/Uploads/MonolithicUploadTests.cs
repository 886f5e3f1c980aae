namespace Registry.Server.Tests.Uploads;

/// <summary>OCI distribution-spec, "Pushing a blob monolithically".</summary>
public sealed class MonolithicUploadTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Theory]
    [InlineData("/v2/mono/begin/blobs/uploads/")]
    [InlineData("/v2/mono/begin/blobs/uploads")]
    public async Task POST_begins_a_session(string path)
    {
        var answer = Check.Status(202, await fixture.Client.RequestAsync("POST", path));

        var id = Guid.ParseExact(answer["Docker-Upload-UUID"]!, "D");
        Assert.Equal($"/v2/mono/begin/blobs/uploads/{id}", answer.Location.WithoutPosition());
        Assert.Equal("0-0", answer["Range"]);
        Assert.Equal(0, answer.Length);
        Assert.Null(answer["OCI-Chunk-Min-Length"]);
        Assert.Equal("registry/2.0", answer["Docker-Distribution-API-Version"]);
    }

    [Theory]
    [InlineData("sha256", 0)]
    [InlineData("sha256", 512)]
    [InlineData("sha256", 5_000_000)]
    [InlineData("sha512", 0)]
    [InlineData("sha512", 512)]
    public async Task POST_then_PUT_makes_a_blob(string algorithm, int size)
    {
        var blob = TestBlob.Random(size);
        var location = await fixture.Client.BeginUploadAsync("mono/put");

        var answer = await fixture.Client.RequestAsync(
            "PUT", location.WithDigest(blob.In(algorithm)), blob.Bytes, ("Content-Type", "application/octet-stream"));

        await AssertCreatedAsync("mono/put", blob, algorithm, answer);
        Check.Error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", await fixture.Client.GetAnswerAsync(location));
    }

    [Theory]
    [InlineData("sha256", 0)]
    [InlineData("sha256", 512)]
    [InlineData("sha256", 5_000_000)]
    [InlineData("sha512", 0)]
    [InlineData("sha512", 512)]
    public async Task One_POST_with_the_digest_makes_a_blob(string algorithm, int size)
    {
        var blob = TestBlob.Random(size);

        var answer = await fixture.Client.RequestAsync("POST", $"/v2/mono/post/blobs/uploads/?digest={blob.In(algorithm)}", blob.Bytes);

        await AssertCreatedAsync("mono/post", blob, algorithm, answer);
    }

    [Fact]
    public async Task One_POST_may_stream_its_body()
    {
        var blob = TestBlob.Random(300_000);

        var answer = await fixture.Client.StreamAsync("POST", $"/v2/mono/post-stream/blobs/uploads/?digest={blob.Digest}", blob.Bytes);

        await AssertCreatedAsync("mono/post-stream", blob, "sha256", answer);
    }

    [Fact]
    public async Task PUT_may_stream_its_body()
    {
        var blob = TestBlob.Random(300_000);
        var location = await fixture.Client.BeginUploadAsync("mono/put-stream");

        var answer = await fixture.Client.StreamAsync("PUT", location.WithDigest(blob.Digest), blob.Bytes);

        await AssertCreatedAsync("mono/put-stream", blob, "sha256", answer);
    }

    [Fact]
    public async Task A_digest_may_be_percent_encoded()
    {
        var blob = TestBlob.Random();

        var answer = await fixture.Client.RequestAsync("POST", $"/v2/mono/encoded/blobs/uploads/?digest={Uri.EscapeDataString(blob.Digest)}", blob.Bytes);

        await AssertCreatedAsync("mono/encoded", blob, "sha256", answer);
    }

    [Fact]
    public async Task POST_with_a_digest_but_no_body_begins_a_session()
    {
        var blob = TestBlob.Random();
        var answer = Check.Status(202, await fixture.Client.RequestAsync("POST", $"/v2/mono/no-body/blobs/uploads/?digest={blob.Digest}"));

        await AssertCreatedAsync("mono/no-body", blob, "sha256", await fixture.Client.RequestAsync("PUT", answer.Location.WithDigest(blob.Digest), blob.Bytes));
    }

    [Fact]
    public async Task One_POST_with_the_wrong_digest_leaves_nothing_behind()
    {
        var (sent, meant) = (TestBlob.Random(), TestBlob.Random());

        var answer = await fixture.Client.RequestAsync("POST", $"/v2/mono/mismatch/blobs/uploads/?digest={meant.Digest}", sent.Bytes);

        Check.Error(400, "DIGEST_INVALID", "provided digest did not match uploaded content", answer);
        Assert.Null(answer["Location"]);
        foreach (var digest in new[] { sent.Digest, meant.Digest })
        {
            Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/mono/mismatch/blobs/{digest}"));
        }
    }

    [Fact]
    public async Task PUT_with_the_wrong_digest_keeps_the_session_for_another_try()
    {
        var (sent, meant) = (TestBlob.Random(), TestBlob.Random());
        var location = await fixture.Client.BeginUploadAsync("mono/retry");

        var answer = await fixture.Client.RequestAsync("PUT", location.WithDigest(meant.Digest), sent.Bytes);

        Check.Error(400, "DIGEST_INVALID", "provided digest did not match uploaded content", answer);
        Assert.Equal((location, "0-0"), (answer.Location, answer["Range"]));
        Assert.Equal("0-0", Check.Status(204, await fixture.Client.GetAnswerAsync(location))["Range"]);
        await AssertCreatedAsync("mono/retry", sent, "sha256", await fixture.Client.RequestAsync("PUT", location.WithDigest(sent.Digest), sent.Bytes));
        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/mono/retry/blobs/{meant.Digest}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha256:abc")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("sha256:../../../../etc/passwd")]
    [InlineData("../../../../etc/passwd")]
    public async Task A_bad_digest_is_refused_and_the_session_stays(string digest)
    {
        var location = await fixture.Client.BeginUploadAsync("mono/bad-digest");

        Check.Error(400, "DIGEST_INVALID", "invalid digest", await fixture.Client.RequestAsync("PUT", location.WithDigest(digest), [1, 2, 3]));
        Check.Error(400, "DIGEST_INVALID", "invalid digest", await fixture.Client.RequestAsync("POST", "/v2/mono/bad-digest/blobs/uploads/".WithDigest(digest), [1]));
        Assert.Equal("0-0", Check.Status(204, await fixture.Client.GetAnswerAsync(location))["Range"]);
    }

    [Fact]
    public async Task PUT_without_a_digest_is_refused_and_the_session_stays()
    {
        var location = await fixture.Client.BeginUploadAsync("mono/no-digest");

        var answer = Check.Error(400, "DIGEST_INVALID", "invalid digest", await fixture.Client.RequestAsync("PUT", location, [1, 2, 3]));

        Assert.Equal(["the query parameter 'digest' is missing; the Location already has a query, so append it with '&'"], Check.Details(answer));
        Check.Status(204, await fixture.Client.GetAnswerAsync(location));
    }

    [Fact]
    public async Task The_same_blob_may_be_pushed_again_and_by_many_at_once()
    {
        var blob = TestBlob.Random(100_000);

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i =>
            fixture.Client.RequestAsync("POST", $"/v2/mono/many-{i % 4}/blobs/uploads/?digest={blob.Digest}", blob.Bytes)));

        for (var i = 0; i < answers.Length; i++)
        {
            await AssertCreatedAsync($"mono/many-{i % 4}", blob, "sha256", answers[i]);
        }
    }

    [Fact]
    public async Task Query_parameters_of_others_are_ignored()
    {
        var blob = TestBlob.Random();

        var answer = await fixture.Client.RequestAsync("POST", $"/v2/mono/extra/blobs/uploads/?ns=docker.io&digest={blob.Digest}&x=%00", blob.Bytes);

        await AssertCreatedAsync("mono/extra", blob, "sha256", answer);
    }

    private async Task AssertCreatedAsync(string repository, TestBlob blob, string algorithm, Answer answer)
    {
        Check.Status(201, answer);
        var digest = blob.In(algorithm);
        Assert.Equal($"/v2/{repository}/blobs/{digest}", answer.Location);
        Assert.Equal(digest, answer["Docker-Content-Digest"]);
        Assert.Equal(blob.Bytes, Check.Status(200, await fixture.Client.GetAnswerAsync(answer.Location)).Body);
    }
}
