using System.Globalization;

namespace Registry.Server.Tests.Uploads;

/// <summary>Uploads whose client or server goes away in the middle.</summary>
public sealed class InterruptedUploadTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task What_arrived_before_the_client_broke_off_is_kept_and_the_upload_goes_on_from_there(bool chunked, bool reset)
    {
        var blob = TestBlob.Random(1_500_000);
        var location = await fixture.Client.BeginUploadAsync("interrupted/patch");
        var first = blob.Bytes.AsMemory(0, 1_000_000);
        var reported = 0;
        using (var connection = await RawConnection.OpenAsync(fixture.Registry))
        {
            await SendHeadAsync(connection, "PATCH", location, chunked ? null : blob.Bytes.Length);
            if (chunked)
            {
                await connection.SendAsync($"{first.Length:x}\r\n");
            }

            await connection.SendAsync(first);

            // Nodes report what S3 has, which is nothing of this until the request ends.
            await Eventually.HoldsAsync(
                async () => (reported = await ReceivedAsync(location)) > 0 || (TestRegistry.Stores is not null && await fixture.IsInUseAsync(location)), "something has arrived");
            if (reset)
            {
                connection.Reset();
            }
            else
            {
                connection.EndSending();
            }
        }

        var received = await EndAsync(location);

        Assert.InRange(received, reported, first.Length);
        location = Check.Status(204, await fixture.Client.GetAnswerAsync(location)).Location;
        location = Check.Status(202, await fixture.Client.RequestAsync(
            "PATCH", location, blob.Bytes[received..], ("Content-Range", $"{received}-{blob.Bytes.Length - 1}"))).Location;
        Check.Status(201, await fixture.Client.RequestAsync("PUT", location.WithDigest(blob.Digest)));
        Assert.Equal(blob.Bytes, (await fixture.Client.GetAnswerAsync($"/v2/interrupted/patch/blobs/{blob.Digest}")).Body);
    }

    [Fact]
    public async Task The_last_bytes_before_the_end_are_kept_too_and_make_no_blob()
    {
        var blob = TestBlob.Random(20_000);
        var complete = false;

        // What the server has not read when the end comes is lost with the connection, and nothing tells from outside what it has read.
        for (var attempt = 0; attempt < 50 && !complete; attempt++)
        {
            var location = await fixture.Client.BeginUploadAsync("interrupted/last");
            using (var connection = await RawConnection.OpenAsync(fixture.Registry))
            {
                await SendHeadAsync(connection, "PATCH", location.WithDigest(blob.Digest), blob.Bytes.Length);
                await connection.SendAsync(blob.Bytes.AsMemory(0, 19_999));
                await Eventually.HoldsAsync(() => fixture.IsInUseAsync(location), "the session is in use");
                connection.EndSending();
            }

            var received = await EndAsync(location);
            Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/interrupted/last/blobs/{blob.Digest}"));
            complete = received == 19_999;
            if (complete)
            {
                location = Check.Status(204, await fixture.Client.GetAnswerAsync(location)).Location;
                Check.Status(201, await fixture.Client.RequestAsync("PUT", location.WithDigest(blob.Digest), blob.Bytes[received..]));
            }
        }

        Assert.True(complete);
    }

    [Fact]
    public async Task A_single_POST_that_breaks_off_leaves_nothing_behind()
    {
        var blob = TestBlob.Random(1_000_000);
        var before = Uploads();
        using (var connection = await RawConnection.OpenAsync(fixture.Registry))
        {
            await SendHeadAsync(connection, "POST", $"/v2/interrupted/post/blobs/uploads/?digest={blob.Digest}", blob.Bytes.Length);
            await connection.SendAsync(blob.Bytes.AsMemory(0, 999_999));
            await Eventually.HoldsAsync(() => Task.FromResult(Uploads().Except(before).Any()), "the upload has begun");
            connection.EndSending();
        }

        await Eventually.HoldsAsync(() => Task.FromResult(!Uploads().Except(before).Any()), "the upload is gone");
        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/interrupted/post/blobs/{blob.Digest}"));
    }

    [Fact]
    public async Task A_manifest_that_breaks_off_is_not_stored()
    {
        var image = await fixture.Client.PushAsync("interrupted/manifest", TestImage.Create());
        using (var connection = await RawConnection.OpenAsync(fixture.Registry))
        {
            await connection.SendAsync(
                $"PUT /v2/interrupted/manifest/manifests/broken HTTP/1.1\r\nHost: registry\r\nContent-Type: {image.MediaType}\r\nContent-Length: {image.Manifest.Bytes.Length + 1}\r\n\r\n");
            await connection.SendAsync(image.Manifest.Bytes);
            connection.EndSending();
            await connection.IsClosedAsync();
        }

        Check.Status(404, await fixture.Client.HeadAnswerAsync("/v2/interrupted/manifest/manifests/broken"));
    }

    [Theory]
    [InlineData("5\r\nabc")]
    [InlineData("zz\r\nabc\r\n0\r\n\r\n")]
    [InlineData("3\r\nabcX\r\n0\r\n\r\n")]
    [InlineData("-1\r\nabc\r\n0\r\n\r\n")]
    [InlineData("ffffffffffffffffff\r\nabc\r\n0\r\n\r\n")]
    public async Task A_malformed_chunked_body_is_refused_and_the_session_stays(string body)
    {
        var location = await fixture.Client.BeginUploadAsync("interrupted/chunked");
        using (var connection = await RawConnection.OpenAsync(fixture.Registry))
        {
            await SendHeadAsync(connection, "PATCH", location, null);
            await connection.SendAsync(body);
            connection.EndSending();
            try
            {
                Check.Status(400, await connection.ReadAnswerAsync());
            }
            catch (EndOfStreamException)
            {
                // To who has gone away nothing is said.
            }
        }

        Assert.InRange(await EndAsync(location), 0, 3);
        Check.Status(204, await fixture.Client.RequestAsync("DELETE", location));
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task An_upload_outlives_a_restart_of_the_server(string algorithm)
    {
        await using var registry = await TestRegistry.StartAsync();
        var blob = TestBlob.Random(300_000);
        var empty = await registry.Client.BeginUploadAsync("restart/empty");
        var location = await registry.Client.BeginUploadAsync("restart/upload");
        location = Check.Status(202, await registry.Client.RequestAsync("PATCH", location, blob.Bytes[..100_000])).Location;

        await registry.RestartAsync();
        var status = Check.Status(204, await registry.Client.GetAnswerAsync(location));
        Assert.Equal(("0-99999", location), (status["Range"], status.Location));
        Check.Status(404, await registry.Client.GetAnswerAsync(location.Replace("restart/upload", "restart/other", StringComparison.Ordinal)));
        var stale = location;
        location = Check.Status(202, await registry.Client.RequestAsync("PATCH", location, blob.Bytes[100_000..200_000], ("Content-Range", "100000-199999"))).Location;

        await registry.RestartAsync();
        Assert.Equal(location, Check.Status(416, await registry.Client.RequestAsync("PATCH", stale, blob.Bytes[100_000..200_000])).Location);
        Check.Status(201, await registry.Client.RequestAsync("PUT", location.WithDigest(blob.In(algorithm)), blob.Bytes[200_000..]));
        Check.Status(201, await registry.Client.RequestAsync("PUT", empty.WithDigest(TestBlob.OfText("").In(algorithm))));

        await registry.RestartAsync();
        Check.Status(404, await registry.Client.GetAnswerAsync(location));
        Assert.Equal(blob.Bytes, (await registry.Client.GetAnswerAsync($"/v2/restart/upload/blobs/{blob.In(algorithm)}")).Body);
    }

    private static Task SendHeadAsync(RawConnection connection, string method, string path, int? length) => connection.SendAsync(
        $"{method} {path} HTTP/1.1\r\nHost: registry\r\n{(length is null ? "Transfer-Encoding: chunked" : $"Content-Length: {length}")}\r\n\r\n");

    private HashSet<string> Uploads() => [.. Directory.EnumerateFileSystemEntries(Path.Combine(fixture.Registry.StoragePath, "uploads"))];

    // Waits until the broken request has let go of the session.
    private async Task<int> EndAsync(string location)
    {
        await Eventually.HoldsAsync(async () => await ProbeAsync(location) == 416, "the session is free");
        return await ReceivedAsync(location);
    }

    // A chunk far away changes nothing: 409 while another request holds the session, 416 when none does.
    private async Task<int> ProbeAsync(string location) =>
        (await fixture.Client.RequestAsync("PATCH", location, [1], ("Content-Range", "99999999-99999999"))).Status;

    // Range cannot tell no byte from one; no test here breaks off after one.
    private async Task<int> ReceivedAsync(string location)
    {
        var last = int.Parse(Check.Status(204, await fixture.Client.GetAnswerAsync(location))["Range"]!["0-".Length..], CultureInfo.InvariantCulture);
        return last == 0 ? 0 : last + 1;
    }
}
