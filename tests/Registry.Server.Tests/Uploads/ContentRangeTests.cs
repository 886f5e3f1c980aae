namespace Registry.Server.Tests.Uploads;

/// <summary>Valid, invalid and missing Content-Range headers of chunks.</summary>
public sealed class ContentRangeTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Theory]
    [InlineData("0-9")]
    [InlineData("00-09")]
    [InlineData(" 0-9 ")]
    [InlineData("bytes 0-9/*")]
    [InlineData("bytes 0-9/10")]
    [InlineData("bytes 0-9/1000")]
    [InlineData("bytes 0-9")]
    [InlineData("Bytes 0-9/*")]
    public async Task A_range_may_be_spelled_as_the_spec_or_as_HTTP_has_it(string range)
    {
        var location = await fixture.Client.BeginUploadAsync("ranges/good");

        var answer = await fixture.Client.RequestAsync("PATCH", location, new byte[10], ("Content-Range", range));

        Assert.Equal("0-9", Check.Status(202, answer)["Range"]);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("0")]
    [InlineData("-")]
    [InlineData("-9")]
    [InlineData("0-")]
    [InlineData("9-0")]
    [InlineData("0--9")]
    [InlineData("+0-9")]
    [InlineData("0-9-19")]
    [InlineData("0x0-0x9")]
    [InlineData("0-9/10")]
    [InlineData("bytes=0-9")]
    [InlineData("bytes */10")]
    [InlineData("items 0-9/10")]
    [InlineData("0-9223372036854775807")]
    [InlineData("0-99999999999999999999")]
    [InlineData("0-9, 10-19")]
    public async Task What_is_no_range_is_refused_and_nothing_is_kept(string range)
    {
        var location = await fixture.Client.BeginUploadAsync("ranges/bad");

        foreach (var (method, path) in new[] { ("PATCH", location), ("PUT", location.WithDigest(TestBlob.Random().Digest)) })
        {
            var answer = await fixture.Client.RequestAsync(method, path, new byte[10], ("Content-Range", range));
            Check.Error(400, "BLOB_UPLOAD_INVALID", "blob upload invalid", answer);
        }

        Assert.Equal("0-0", Check.Status(204, await fixture.Client.GetAnswerAsync(location))["Range"]);
    }

    [Theory]
    [InlineData("0-8")]
    [InlineData("0-10")]
    [InlineData("0-0")]
    [InlineData("0-9223372036854775806")]
    public async Task A_range_that_ends_elsewhere_than_the_body_is_416_and_nothing_is_kept(string range)
    {
        var location = await fixture.Client.BeginUploadAsync("ranges/length");

        foreach (var (method, path) in new[] { ("PATCH", location), ("PUT", location.WithDigest(TestBlob.Random().Digest)) })
        {
            var answer = await fixture.Client.RequestAsync(method, path, new byte[10], ("Content-Range", range));
            Check.Error(416, "BLOB_UPLOAD_INVALID", "chunk is out of order", answer);
            Assert.Equal((location, "0-0"), (answer.Location, answer["Range"]));
        }

        Assert.Equal("0-0", Check.Status(204, await fixture.Client.GetAnswerAsync(location))["Range"]);
    }

    [Theory]
    [InlineData("0-8")]
    [InlineData("0-10")]
    [InlineData("0-0")]
    public async Task A_stream_that_ends_elsewhere_than_its_range_is_416_and_nothing_is_kept(string range)
    {
        var blob = TestBlob.Random(20);
        var location = await fixture.Client.BeginUploadAsync("ranges/stream-length");

        foreach (var (method, path) in new[] { ("PATCH", location), ("PUT", location.WithDigest(blob.Digest)) })
        {
            var answer = await fixture.Client.StreamAsync(method, path, blob.Bytes[..10], ("Content-Range", range));
            Check.Error(416, "BLOB_UPLOAD_INVALID", "chunk is out of order", answer);
            Assert.Equal((location, "0-0"), (answer.Location, answer["Range"]));
        }

        var first = Check.Status(202, await fixture.Client.StreamAsync("PATCH", location, blob.Bytes[..10], ("Content-Range", "0-9")));
        var second = await fixture.Client.StreamAsync("PATCH", first.Location, blob.Bytes[10..], ("Content-Range", "10-20"));
        Check.Error(416, "BLOB_UPLOAD_INVALID", "chunk is out of order", second);
        Assert.Equal((first.Location, "0-9"), (second.Location, second["Range"]));
        Check.Status(201, await fixture.Client.StreamAsync("PUT", first.Location.WithDigest(blob.Digest), blob.Bytes[10..], ("Content-Range", "10-19")));
    }

    [Fact]
    public async Task Two_ranges_on_one_chunk_are_refused()
    {
        var location = await fixture.Client.BeginUploadAsync("ranges/two");

        var answer = await RawConnection.ExchangeAsync(
            fixture.Registry, $"PATCH {location} HTTP/1.1\r\nHost: registry\r\nContent-Length: 2\r\nContent-Range: 0-1\r\nContent-Range: 0-1", "ab");

        Check.Error(400, "BLOB_UPLOAD_INVALID", "blob upload invalid", answer);
    }
}
