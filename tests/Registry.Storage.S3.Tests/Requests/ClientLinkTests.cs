using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Tests.Requests;

/// <summary>Links by which clients read objects, on a real store.</summary>
public sealed class ClientLinkTests(Gateway gateway) : IDisposable
{
    private const string Key = "blobs/linked";

    private static readonly byte[] Content = Samples.Bytes(1, 300_000);

    private readonly S3Settings _settings = gateway.NewSettings() with { Redirects = true };
    private readonly HttpClient _reader = new();
    private int _requests;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _reader.Dispose();

    [Theory]
    [InlineData(0, HttpStatusCode.OK)]
    [InlineData(19, HttpStatusCode.OK)]
    [InlineData(21, HttpStatusCode.Forbidden)]
    public async Task A_link_ends_after_twenty_minutes(int minutesAgo, HttpStatusCode expected)
    {
        using var client = NewClient(TimeProvider.System);
        await StoreAsync(client);
        using var before = NewClient(new FakeTimeProvider(DateTimeOffset.UtcNow.AddMinutes(-minutesAgo)));
        Assert.Equal(expected, await ReadAsync(before));
    }

    [Fact]
    public async Task A_link_of_a_process_whose_clock_is_slow_is_good_once_the_store_has_told_its_time()
    {
        using var client = NewClient(new SlowTime());
        Assert.Equal(HttpStatusCode.Forbidden, await ReadAsync(client));
        await StoreAsync(client);
        Assert.Equal(HttpStatusCode.OK, await ReadAsync(client));
    }

    [Theory]
    [InlineData(null, true, "http://10.0.0.1:7480/images/blobs/linked")]
    [InlineData("https://s3.example.com", true, "https://s3.example.com/images/blobs/linked")]
    [InlineData("https://s3.example.com", false, "https://images.s3.example.com/blobs/linked")]
    [InlineData("https://store.example:8443/s3/", true, "https://store.example:8443/s3/images/blobs/linked")]
    public async Task A_link_has_the_public_address_in_the_style_of_the_bucket(string? publicEndpoint, bool pathStyle, string expected)
    {
        using var client = new S3Client(
            new S3Settings
            {
                Bucket = "images",
                Endpoint = new Uri("http://10.0.0.1:7480"),
                PathStyle = pathStyle,
                AccessKey = "access",
                SecretKey = "secret",
                PublicEndpoint = publicEndpoint is null ? null : new Uri(publicEndpoint),
            },
            TimeProvider.System,
            NullLoggerFactory.Instance);
        var link = await client.LinkForClientAsync(Key);
        Assert.Equal(expected, link.GetLeftPart(UriPartial.Path));
        Assert.Contains("&X-Amz-Expires=1200&", link.Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_store_is_asked_when_the_bytes_are_copied_and_only_for_them()
    {
        await using var engine = NewEngine();
        var place = await engine.Blobs.PutAsync(Samples.Digest(Content), Content, Cancel);
        _requests = 0;
        await using var offered = await OfferAsync(engine, place, Content.Length);
        Assert.Equal(HttpStatusCode.OK, (await _reader.GetAsync(offered.Location, Cancel)).StatusCode);
        Assert.Equal(0, _requests);

        var received = new MemoryStream();
        var writer = PipeWriter.Create(received);
        await offered.CopyToAsync(writer, 1000, 2000, Cancel);
        await writer.CompleteAsync();
        Assert.Equal(Content[1000..3000], received.ToArray());
        Assert.Equal(1, _requests);
        Assert.Equal(Content, (await offered.ReadAsync(Cancel)).ToArray());
        Assert.Equal(2, _requests);
    }

    [Fact]
    public async Task An_object_of_another_size_and_one_that_is_gone_are_faults_of_the_copy()
    {
        await using var engine = NewEngine();
        var place = await engine.Blobs.PutAsync(Samples.Digest(Content), Content, Cancel);
        await using var shorter = await OfferAsync(engine, place, Content.Length - 1);
        await Assert.ThrowsAsync<StorageException>(() => shorter.ReadAsync(Cancel).AsTask());

        await using var missing = await OfferAsync(engine, place, Content.Length);
        await engine.Blobs.DeleteAsync([place], Cancel);
        var fault = await Assert.ThrowsAsync<StorageException>(() => missing.ReadAsync(Cancel).AsTask());
        Assert.EndsWith("does not exist any more", fault.Message, StringComparison.Ordinal);
    }

    private static async Task StoreAsync(S3Client client) =>
        Assert.Equal(HttpStatusCode.OK, await client.CallAsync(new S3Request(HttpMethod.Put, Key) { Content = [Content] }, Cancel));

    private static async Task<BlobSource> OfferAsync(S3Engine engine, BlobPlace place, long length) =>
        (await engine.Storage.Serve(new ContentCache(engine.Blobs, TimeProvider.System, maxBytes: 0)).OpenForClientAsync(place, length, Cancel))!;

    private S3Client NewClient(TimeProvider time) => new(_settings, time, NullLoggerFactory.Instance);

    private S3Engine NewEngine() => new(_settings, new Interference((_, send) =>
    {
        Interlocked.Increment(ref _requests);
        return send();
    }).Around);

    private async Task<HttpStatusCode> ReadAsync(S3Client client)
    {
        using var answer = await _reader.GetAsync(await client.LinkForClientAsync(Key), Cancel);
        return answer.StatusCode;
    }

    // The clock of the system, an hour slow.
    private sealed class SlowTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(-1);
    }
}
