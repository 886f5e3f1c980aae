using Registry.Server.Tests.Commands;
using Registry.Storage.S3;
using Registry.Storage.Testing;
using Registry.Testing.Engines;

namespace Registry.Server.Tests.Buckets;

/// <summary>A registry with its blobs in a bucket, over HTTP, on a real store.</summary>
[Collection(BucketCollection.Name)]
public sealed class BucketTests(Gateway gateway) : IAsyncLifetime
{
    private const string Repository = "team/app";

    // Two parts and a rest, and less than a part.
    private static readonly TestBlob Large = TestBlob.Random(11_000_000);
    private static readonly TestBlob Medium = TestBlob.Random(300_000);

    private readonly FaultProxy _proxy = new(gateway.Ceph.Endpoint);
    private S3Settings _settings = null!;
    private TestRegistry _registry = null!;

    private HttpClient Client => _registry.Client;

    public async ValueTask InitializeAsync()
    {
        _settings = gateway.NewSettings() with { Endpoint = _proxy.Address };
        _registry = await TestRegistry.StartAsync(options => options with { Bucket = _settings });
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    [Fact]
    public async Task A_blob_of_one_request_comes_back_whole_in_ranges_and_in_its_size()
    {
        foreach (var blob in new[] { Large, Medium })
        {
            await Client.PushBlobAsync(Repository, blob);
            await AssertServedAsync(Repository, blob);
        }
    }

    [Fact]
    public async Task A_blob_in_chunks_comes_back_whole()
    {
        var location = await Client.BeginUploadAsync(Repository);
        foreach (var (from, to) in new[] { (0, 6_000_000), (6_000_000, 6_100_000), (6_100_000, 10_999_999) })
        {
            location = Expect(202, await Client.RequestAsync("PATCH", location, Large.Bytes[from..to], ("Content-Range", $"{from}-{to - 1}"))).Location;
        }

        Assert.Equal("0-10999998", Expect(204, await Client.GetAnswerAsync(location))["Range"]);
        Expect(201, await Client.RequestAsync("PUT", location.WithDigest(Large.Digest), Large.Bytes[10_999_999..]));
        await AssertServedAsync(Repository, Large);
    }

    [Fact]
    public async Task A_blob_with_a_wrong_digest_is_refused_and_leaves_no_object()
    {
        var refused = await Client.RequestAsync("POST", $"/v2/{Repository}/blobs/uploads/?digest={Large.Digest}", Medium.Bytes);
        Assert.Equal(400, refused.Status);
        Assert.Empty(await ListKeysAsync());
    }

    [Fact]
    public async Task A_mounted_blob_is_served_without_another_object()
    {
        await Client.PushBlobAsync(Repository, Medium);
        Expect(201, await Client.RequestAsync("POST", $"/v2/other/blobs/uploads/?mount={Medium.Digest}&from={Repository}"));
        await AssertServedAsync("other", Medium);
        Assert.Single(await ListKeysAsync());
    }

    [Fact]
    public async Task A_layer_costs_a_request_to_push_none_for_HEAD_or_a_mount_and_one_for_GET()
    {
        var before = _proxy.Exchanges;
        await Client.PushBlobAsync(Repository, Medium);
        Assert.Equal(before + 1, _proxy.Exchanges);
        Expect(200, await Client.HeadAnswerAsync($"/v2/{Repository}/blobs/{Medium.Digest}"));
        Expect(201, await Client.RequestAsync("POST", $"/v2/other/blobs/uploads/?mount={Medium.Digest}&from={Repository}"));
        Assert.Equal(before + 1, _proxy.Exchanges);
        Expect(200, await Client.GetAnswerAsync($"/v2/{Repository}/blobs/{Medium.Digest}"));
        Assert.Equal(before + 2, _proxy.Exchanges);
    }

    [Fact]
    public async Task A_purge_without_the_right_to_versions_says_where_the_bytes_are_and_fails_as_a_command()
    {
        var image = TestImage.Of([Medium]);
        await Client.PushAsync(Repository, image, "latest");
        Expect(202, await Client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/{image.Digest}"));
        var key = Assert.Single(await ListKeysAsync());
        _proxy.Choose = line => line.StartsWith("GET ", StringComparison.Ordinal) && line.Contains("?versions", StringComparison.Ordinal) ? new Fault(FaultKind.AccessDenied) : null;

        var purge = await CommandRun.OfAsync(
            new Dictionary<string, string>(), "trash", "purge", $"{Repository}@{image.Digest}", "--server", _registry.Host.Addresses[0].TrimEnd('/'));

        Assert.Equal(1, purge.ExitCode);
        Assert.Equal($"registry: bytes of {Repository}@{image.Digest} are left where the registry could not remove them; remove them there\n", purge.Error);
        Assert.Contains("\nBytes are left, or may be, in:\n", purge.Output, StringComparison.Ordinal);
        Assert.Contains(key, purge.Output, StringComparison.Ordinal);
        Assert.Contains("the access key may not list or delete versions (s3:ListBucketVersions, s3:DeleteObjectVersion)", purge.Output, StringComparison.Ordinal);
        Assert.Empty(await ListKeysAsync());
    }

    [Fact]
    public async Task Another_registry_on_the_bucket_is_a_warning_and_deletes_nothing_until_it_is_settled()
    {
        await _registry.Host.Storage.Bucket!.DeleteDueAsync(TestContext.Current.CancellationToken);
        AssertBucket(await Client.GetAnswerAsync("/readyz"), "ok", null);
        await using (var other = await TestRegistry.StartAsync(options => options with { Bucket = _settings, MetricsPort = 0 }))
        {
            await other.Host.Storage.Bucket!.DeleteDueAsync(TestContext.Current.CancellationToken);
            AssertBucket(await other.Client.GetAnswerAsync("/readyz"), "warning", "the bucket has the mark of another registry, so no object is deleted; see the server log");
            using var prometheus = new HttpClient();
            Assert.Contains("\nregistry_bucket_foreign 1\n", (await prometheus.GetAnswerAsync(other.Host.MetricsAddress!)).Text, StringComparison.Ordinal);
            Assert.Single(other.Log.Entries, entry => entry.Message.Contains(
                $"was marked by another registry, or by another copy of this one's metadata, on {Environment.MachineName} at", StringComparison.Ordinal));
            await other.Client.PushBlobAsync(Repository, Large);
            Expect(200, await other.Client.GetAnswerAsync($"/v2/{Repository}/blobs/{Large.Digest}"));
            await other.Host.Storage.Bucket!.AdoptAsync(TestContext.Current.CancellationToken);
        }

        await _registry.Host.Storage.Bucket!.DeleteDueAsync(TestContext.Current.CancellationToken);
        AssertBucket(await Client.GetAnswerAsync("/readyz"), "warning", "the bucket has the mark of another registry, so no object is deleted; see the server log");
        await _registry.Host.Storage.Bucket!.AdoptAsync(TestContext.Current.CancellationToken);
        await _registry.Host.Storage.Bucket!.DeleteDueAsync(TestContext.Current.CancellationToken);
        AssertBucket(await Client.GetAnswerAsync("/readyz"), "ok", null);
        Assert.Single(_registry.Log.Entries, entry => entry.Message.Contains("has the mark of this registry again", StringComparison.Ordinal));

        static void AssertBucket(Answer answer, string status, string? reason)
        {
            Expect(200, answer);
            var check = answer.Json.GetProperty("checks").GetProperty("bucket");
            Assert.Equal((status, reason), (check.GetProperty("status").GetString(), check.TryGetProperty("reason", out var found) ? found.GetString() : null));
        }
    }

    [Fact]
    public async Task Manifests_small_blobs_and_listings_make_no_request_to_the_store()
    {
        var before = _proxy.Exchanges;
        var image = await Client.PushAsync(Repository, TestImage.Create(layers: 3), "latest");
        var artifact = await Client.PushAsync(Repository, TestImage.Artifact("application/example", image));
        await _registry.RestartAsync();
        var start = _proxy.Exchanges;
        foreach (var path in new[] { "manifests/latest", $"manifests/{image.Digest}", $"blobs/{image.Blobs[0].Digest}" })
        {
            Expect(200, await Client.HeadAnswerAsync($"/v2/{Repository}/{path}"));
            Expect(200, await Client.GetAnswerAsync($"/v2/{Repository}/{path}"));
        }

        Expect(200, await Client.GetAnswerAsync($"/v2/{Repository}/tags/list"));
        Expect(200, await Client.GetAnswerAsync("/v2/_catalog"));
        Assert.Contains(artifact.Digest, Expect(200, await Client.GetAnswerAsync($"/v2/{Repository}/referrers/{image.Digest}")).Text, StringComparison.Ordinal);
        Assert.Equal(image.Manifest.Bytes, (await Client.GetAnswerAsync($"/v2/{Repository}/manifests/latest")).Body);
        Expect(202, await Client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/{image.Digest}"));
        Assert.Equal(start, _proxy.Exchanges);

        // A start tries out each right.
        Assert.Equal(before + 4, start);
        Assert.Empty(await ListKeysAsync());
    }

    [Fact]
    public async Task Small_content_survives_a_restart_and_has_no_file()
    {
        var image = await Client.PushAsync(Repository, TestImage.Create(), "latest");
        await _registry.RestartAsync();
        await AssertServedAsync(Repository, image.Blobs[1]);
        Assert.False(Directory.Exists(Path.Combine(_registry.StoragePath, "blobs")));
        Assert.False(Directory.Exists(Path.Combine(_registry.StoragePath, "repositories")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_registry.StoragePath, "uploads")));
    }

    [Fact]
    public async Task A_deleted_blob_is_collected_and_its_object_goes()
    {
        await Client.PushBlobAsync(Repository, Medium);
        await Client.PushBlobAsync(Repository, Large);
        Assert.Equal(2, (await ListKeysAsync()).Count);
        Expect(202, await Client.RequestAsync("DELETE", $"/v2/{Repository}/blobs/{Medium.Digest}"));
        Expect(404, await Client.HeadAnswerAsync($"/v2/{Repository}/blobs/{Medium.Digest}"));
        await _registry.Host.Collector.RunAsync(TestContext.Current.CancellationToken);
        Assert.Single(await ListKeysAsync());
        await AssertServedAsync(Repository, Large);
    }

    [Fact]
    public async Task An_upload_goes_on_after_a_restart()
    {
        var location = await Client.BeginUploadAsync(Repository);
        location = Expect(202, await Client.RequestAsync("PATCH", location, Large.Bytes[..7_000_000])).Location;
        await _registry.RestartAsync();
        Assert.Equal("0-6999999", Expect(204, await Client.GetAnswerAsync(location))["Range"]);
        location = Expect(202, await Client.RequestAsync("PATCH", location, Large.Bytes[7_000_000..])).Location;
        Expect(201, await Client.RequestAsync("PUT", location.WithDigest(Large.Digest)));
        await AssertServedAsync(Repository, Large);
        Assert.Single(await ListKeysAsync());
    }

    [Fact]
    public async Task A_damaged_object_is_found_no_longer_served_and_healed_by_a_push()
    {
        await Client.PushBlobAsync(Repository, Medium);
        await gateway.ReplaceAsync(_settings, Assert.Single(await ListKeysAsync()), TestBlob.Random(300_000).Bytes);
        var result = await _registry.Host.Verifier.VerifyAllAsync(isDryRun: false, null, TestContext.Current.CancellationToken);
        Assert.Equal((1, 0, 0), (result.Damaged, result.Missing, result.Unreadable));
        Expect(404, await Client.HeadAnswerAsync($"/v2/{Repository}/blobs/{Medium.Digest}"));

        await Client.PushBlobAsync(Repository, Medium);
        await AssertServedAsync(Repository, Medium);
        Assert.True((await _registry.Host.Verifier.VerifyAllAsync(isDryRun: false, null, TestContext.Current.CancellationToken)).IsClean);
    }

    [Fact]
    public async Task While_the_store_does_not_work_layers_are_answered_with_503_and_the_registry_is_not_ready()
    {
        await Client.PushBlobAsync(Repository, Large);
        var image = await Client.PushAsync(Repository, TestImage.Create(), "latest");
        Assert.Equal("ok", Check(Expect(200, await Client.GetAnswerAsync("/readyz"))));

        _proxy.Choose = _ => new Fault(FaultKind.InternalError);
        while (_registry.Host.Storage.Bucket!.Failure is null)
        {
            AssertUnavailable(await Client.GetAnswerAsync($"/v2/{Repository}/blobs/{Large.Digest}"));
        }

        AssertUnavailable(await Client.GetAnswerAsync($"/v2/{Repository}/blobs/{Large.Digest}"));

        // Once in five seconds, a session may begin: the request that follows finds out about the store.
        await Eventually.HoldsAsync(async () => (await Client.RequestAsync("POST", $"/v2/{Repository}/blobs/uploads/")).Status == 503, "an upload is refused");
        AssertUnavailable(await Client.RequestAsync("POST", $"/v2/{Repository}/blobs/uploads/?digest={Medium.Digest}", Medium.Bytes));
        var down = Expect(503, await Client.GetAnswerAsync("/readyz"));
        Assert.Equal("failed", Check(down));
        Assert.Contains("the bucket registry at", down.Text, StringComparison.Ordinal);

        Expect(200, await Client.GetAnswerAsync($"/v2/{Repository}/manifests/latest"));
        Expect(200, await Client.HeadAnswerAsync($"/v2/{Repository}/blobs/{Large.Digest}"));
        Expect(200, await Client.GetAnswerAsync($"/v2/{Repository}/blobs/{image.Blobs[1].Digest}"));

        // Without a request of a client.
        _proxy.Choose = _ => null;
        await Eventually.HoldsAsync(async () => (await Client.GetAnswerAsync("/readyz")).Status == 200, "the registry is ready again");
        await AssertServedAsync(Repository, Large);
        await Client.PushBlobAsync(Repository, Medium);
    }

    private static string? Check(Answer ready) => ready.Json.GetProperty("checks").GetProperty("bucket").GetProperty("status").GetString();

    private static void AssertUnavailable(Answer answer)
    {
        Expect(503, answer);
        Assert.Equal("5", answer["Retry-After"]);
    }

    private static Answer Expect(int status, Answer answer)
    {
        Assert.True(answer.Status == status, $"Expected {status}, got {answer}");
        return answer;
    }

    private async Task AssertServedAsync(string repository, TestBlob blob)
    {
        var path = $"/v2/{repository}/blobs/{blob.Digest}";
        Assert.Equal(blob.Bytes.Length, Expect(200, await Client.HeadAnswerAsync(path)).Length);
        Assert.Equal(blob.Bytes, Expect(200, await Client.GetAnswerAsync(path)).Body);
        var (from, to) = (blob.Bytes.Length / 3, blob.Bytes.Length / 2);
        Assert.Equal(blob.Bytes[from..(to + 1)], Expect(206, await Client.GetAnswerAsync(path, ("Range", $"bytes={from}-{to}"))).Body);
        Assert.Equal(blob.Bytes[^10..], Expect(206, await Client.GetAnswerAsync(path, ("Range", "bytes=-10"))).Body);
        var several = Expect(206, await Client.GetAnswerAsync(path, ("Range", $"bytes=1-2,{to}-{to + 99}")));
        Assert.StartsWith("multipart/byteranges", several["Content-Type"], StringComparison.Ordinal);
        Assert.True(several.Body.AsSpan().IndexOf(blob.Bytes.AsSpan(to, 100)) > several.Body.AsSpan().IndexOf(blob.Bytes.AsSpan(1, 2)));
    }

    private async Task<List<string>> ListKeysAsync() =>
        [.. await _registry.Host.Storage.Blobs.ListAsync(cancellationToken: TestContext.Current.CancellationToken).Select(place => place.Key!).ToListAsync(TestContext.Current.CancellationToken)];
}
