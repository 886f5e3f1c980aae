namespace Registry.Server.Tests.Pull;

/// <summary>OCI distribution-spec, "Pulling blobs" and "Checking if content exists in the registry".</summary>
public sealed class PullBlobTests(DiskFixture fixture) : IClassFixture<DiskFixture>
{
    [Theory]
    [InlineData("GET", 0)]
    [InlineData("GET", 1)]
    [InlineData("GET", 100_000)]
    [InlineData("GET", 3_000_000)]
    [InlineData("HEAD", 0)]
    [InlineData("HEAD", 100_000)]
    public async Task Answers_with_the_bytes_the_length_and_the_digest(string method, int size)
    {
        foreach (var algorithm in new[] { "sha256", "sha512" })
        {
            var blob = await fixture.Client.PushBlobAsync("pull/blob", TestBlob.Random(size), algorithm);

            var answer = Check.Status(200, await fixture.Client.RequestAsync(method, $"/v2/pull/blob/blobs/{blob.In(algorithm)}"));

            Assert.Equal(method == "HEAD" ? [] : blob.Bytes, answer.Body);
            Assert.Equal(size, answer.Length);
            Assert.Equal("application/octet-stream", answer["Content-Type"]);
            Assert.Equal(blob.In(algorithm), answer["Docker-Content-Digest"]);
            Assert.Equal($"\"{blob.In(algorithm)}\"", answer["ETag"]);
            Assert.Equal("bytes", answer["Accept-Ranges"]);
            Assert.Equal("max-age=31536000, immutable", answer["Cache-Control"]);
            Assert.Equal("registry/2.0", answer["Docker-Distribution-API-Version"]);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("")]
    public async Task Serves_what_every_artifact_uses(string content)
    {
        var blob = await fixture.Client.PushBlobAsync("pull/well-known", TestBlob.OfText(content));

        Assert.Equal(content, Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/pull/well-known/blobs/{blob.Digest}")).Text);
    }

    [Fact]
    public async Task A_blob_is_visible_in_its_own_repository_only()
    {
        var blob = await fixture.Client.PushBlobAsync("pull/mine", TestBlob.Random());
        await fixture.Client.PushBlobAsync("pull/yours", TestBlob.Random());

        foreach (var repository in new[] { "pull/yours", "pull/nobodys" })
        {
            Check.Error(404, "BLOB_UNKNOWN", "blob unknown", await fixture.Client.GetAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}"));
            Assert.Empty(Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}")).Body);
        }
    }

    [Fact]
    public async Task A_blob_under_sha512_is_unknown_under_sha256()
    {
        var blob = await fixture.Client.PushBlobAsync("pull/other-algorithm", TestBlob.Random(), "sha512");

        Check.Status(404, await fixture.Client.GetAnswerAsync($"/v2/pull/other-algorithm/blobs/{blob.Digest}"));
    }

    [Theory]
    [InlineData("latest")]
    [InlineData("uploads")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public async Task A_blob_has_a_digest_and_nothing_else(string digest)
    {
        if (digest == "uploads")
        {
            // That path is where uploads begin.
            Assert.Equal("POST", Check.Status(405, await fixture.Client.GetAnswerAsync("/v2/pull/blob/blobs/uploads"))["Allow"]);
            return;
        }

        Check.Error(400, "DIGEST_INVALID", "invalid digest", await fixture.Client.GetAnswerAsync($"/v2/pull/blob/blobs/{digest}"));
    }

    [Fact]
    public async Task A_blob_that_is_deleted_during_its_download_is_downloaded_to_the_end()
    {
        var blob = await fixture.Client.PushBlobAsync("pull/deleted", TestBlob.Random(8_000_000));
        using var reader = await RawConnection.OpenAsync(fixture.Registry);
        await reader.SendAsync($"GET /v2/pull/deleted/blobs/{blob.Digest} HTTP/1.1\r\nHost: registry\r\n\r\n");

        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/pull/deleted/blobs/{blob.Digest}"));

        // Depending on the order, the client gets the whole blob or none of it.
        var answer = await reader.ReadAnswerAsync();
        if (answer.Status != 404)
        {
            Assert.Equal(blob.Bytes, Check.Status(200, answer).Body);
        }
    }

    [Fact]
    public async Task Several_requests_on_one_connection_are_answered_in_order()
    {
        var blobs = new[] { TestBlob.Random(10), TestBlob.Random(200_000), TestBlob.Random(0), TestBlob.Random(1) };
        using var connection = await RawConnection.OpenAsync(fixture.Registry);
        foreach (var blob in blobs)
        {
            await fixture.Client.PushBlobAsync("pull/pipelined", blob);
            await connection.SendAsync($"GET /v2/pull/pipelined/blobs/{blob.Digest} HTTP/1.1\r\nHost: registry\r\n\r\n");
        }

        foreach (var blob in blobs)
        {
            Assert.Equal(blob.Bytes, Check.Status(200, await connection.ReadAnswerAsync()).Body);
        }
    }
}
