namespace Registry.Server.Tests.Uploads;

/// <summary>OCI distribution-spec, "Cancel a blob upload", the status of an upload, and its owner.</summary>
public sealed class UploadSessionTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Fact]
    public async Task GET_says_how_far_an_upload_has_got()
    {
        var location = await fixture.Client.BeginUploadAsync("session/status");
        foreach (var (size, range) in new[] { (0, "0-0"), (1, "0-0"), (1, "0-1"), (98, "0-99") })
        {
            var stale = location;
            location = Check.Status(202, await fixture.Client.RequestAsync("PATCH", location, new byte[size])).Location;

            var answer = Check.Status(204, await fixture.Client.GetAnswerAsync(stale));

            Assert.Equal((range, location), (answer["Range"], answer.Location));
            Assert.Equal(location.UploadId(), answer["Docker-Upload-UUID"]);
            Assert.Empty(answer.Body);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public async Task DELETE_cancels_an_upload(int size)
    {
        var location = await fixture.Client.BeginUploadAsync("session/cancel");
        await fixture.Client.RequestAsync("PATCH", location, new byte[size]);

        Check.Status(204, await fixture.Client.RequestAsync("DELETE", location));

        await AssertUnknownAsync(location);
    }

    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("no-uuid")]
    [InlineData("{00000000-0000-0000-0000-000000000000}")]
    [InlineData("00000000000000000000000000000000")]
    public Task A_session_that_never_was_is_unknown(string id) => AssertUnknownAsync($"/v2/session/none/blobs/uploads/{id}");

    [Theory]
    [InlineData("%2e%2e")]
    [InlineData("..%2f..%2fetc")]
    [InlineData("../../registry.db")]
    public async Task A_path_in_the_place_of_a_session_is_404(string id) =>
        Check.Status(404, await RawConnection.ExchangeAsync(fixture.Registry, $"GET /v2/session/none/blobs/uploads/{id} HTTP/1.1\r\nHost: registry"));

    [Fact]
    public async Task A_session_of_another_repository_is_unknown()
    {
        var location = await fixture.Client.BeginUploadAsync("session/mine");

        await AssertUnknownAsync(location.Replace("session/mine", "session/yours", StringComparison.Ordinal));

        Check.Status(204, await fixture.Client.GetAnswerAsync(location));
    }

    [Fact]
    public async Task A_finished_session_is_unknown()
    {
        var blob = TestBlob.Random();
        var location = await fixture.Client.BeginUploadAsync("session/finished");
        Check.Status(201, await fixture.Client.RequestAsync("PUT", location.WithDigest(blob.Digest), blob.Bytes));

        await AssertUnknownAsync(location);
    }

    [Fact]
    public async Task An_id_may_be_written_in_capitals()
    {
        var location = await fixture.Client.BeginUploadAsync("session/capitals");
        var id = location.UploadId();

        Check.Status(204, await fixture.Client.GetAnswerAsync(location.Replace(id, id.ToUpperInvariant(), StringComparison.Ordinal)));
    }

    [Fact]
    public async Task While_one_request_uses_a_session_every_other_is_409_and_the_first_is_not_disturbed()
    {
        var blob = TestBlob.Random(1000);
        var location = await fixture.Client.BeginUploadAsync("session/busy");
        using var first = await RawConnection.OpenAsync(fixture.Registry);
        await first.SendAsync($"PATCH {location} HTTP/1.1\r\nHost: registry\r\nContent-Length: 1000\r\n\r\n");
        await first.SendAsync(blob.Bytes.AsMemory(0, 500));
        await Eventually.HoldsAsync(() => fixture.IsInUseAsync(location), "the session is in use");

        foreach (var (method, path) in new[] { ("PATCH", location), ("PUT", location.WithDigest(blob.Digest)), ("DELETE", location) })
        {
            var answer = await fixture.Client.RequestAsync(method, path, method == "DELETE" ? null : blob.Bytes);
            Check.Error(409, "BLOB_UPLOAD_INVALID", "another request is using this upload", answer);
            Assert.Equal(location.WithoutPosition(), answer.Location.WithoutPosition());
            Assert.StartsWith("0-", answer["Range"], StringComparison.Ordinal);
        }

        Check.Status(204, await fixture.Client.GetAnswerAsync(location));
        await first.SendAsync(blob.Bytes.AsMemory(500));
        var answered = Check.Status(202, await first.ReadAnswerAsync());
        Assert.Equal("0-999", answered["Range"]);
        Check.Status(201, await fixture.Client.RequestAsync("PUT", answered.Location.WithDigest(blob.Digest)));
    }

    [Fact]
    public async Task Many_may_finish_a_session_at_once_and_the_content_is_true()
    {
        for (var round = 0; round < 20; round++)
        {
            var blob = TestBlob.Random(5000);
            var location = await fixture.Client.BeginUploadAsync("session/race");
            location = Check.Status(202, await fixture.Client.RequestAsync("PATCH", location, blob.Bytes)).Location;

            var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => (i % 3) switch
            {
                0 => fixture.Client.RequestAsync("PUT", location.WithDigest(blob.Digest)),
                1 => fixture.Client.RequestAsync("PATCH", location, [1], ("Content-Range", "0-0")),
                _ => fixture.Client.RequestAsync("PATCH", location, [1], ("Content-Range", "9999-9999")),
            }));

            Assert.All(answers, answer => Assert.Contains(answer.Status, (int[])[201, 404, 409, 416]));
            if (answers.All(answer => answer.Status != 201))
            {
                Check.Status(201, await fixture.Client.RequestAsync("PUT", location.WithDigest(blob.Digest)));
            }

            Assert.Equal(blob.Bytes, Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/session/race/blobs/{blob.Digest}")).Body);
        }
    }

    [Fact]
    public async Task Sessions_do_not_mix_their_bytes()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
        {
            var blob = TestBlob.Random(50_000);
            var location = await fixture.Client.BeginUploadAsync($"session/parallel-{i % 3}");
            for (var at = 0; at < blob.Bytes.Length; at += 10_000)
            {
                location = Check.Status(202, await fixture.Client.RequestAsync(
                    "PATCH", location, blob.Bytes[at..(at + 10_000)], ("Content-Range", $"{at}-{at + 9_999}"))).Location;
            }

            Check.Status(201, await fixture.Client.RequestAsync("PUT", location.WithDigest(blob.Digest)));
        }));
    }

    [Fact]
    public async Task A_session_has_no_other_method()
    {
        var location = await fixture.Client.BeginUploadAsync("session/methods");

        Assert.Equal("GET, HEAD, PATCH, PUT, DELETE", Check.Status(405, await fixture.Client.RequestAsync("POST", location))["Allow"]);
    }

    private async Task AssertUnknownAsync(string location)
    {
        foreach (var (method, path, body) in new[]
        {
            ("GET", location, null), ("PATCH", location, new byte[10]), ("PUT", location.WithDigest(TestBlob.Random().Digest), new byte[10]), ("DELETE", location, null),
        })
        {
            Check.Error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", await fixture.Client.RequestAsync(method, path, body));
        }
    }
}
