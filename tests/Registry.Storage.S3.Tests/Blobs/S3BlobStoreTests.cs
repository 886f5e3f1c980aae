using Amazon.S3;
using Amazon.S3.Model;
using Registry.Core.Caching;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Contracts.Bytes;
using Registry.Testing.Engines;

namespace Registry.Storage.S3.Tests.Blobs;

public sealed class S3BlobStoreTests(Gateway gateway) : BlobStoreContract(new S3Engine(gateway.NewSettings()))
{
    [Fact]
    public async Task The_same_content_gets_a_new_key_each_time()
    {
        await using var engine = new S3Engine(gateway.NewSettings());
        var content = Samples.Bytes(1, 100);
        var one = await engine.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken);
        var other = await engine.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken);
        Assert.NotEqual(one.Key, other.Key);
        Assert.Matches("^blobs/[0-9a-f]{2}/[0-9]{4}-[0-9]{2}/[0-9a-f-]{36}$", one.Key);
        await engine.Blobs.DeleteAsync([one], TestContext.Current.CancellationToken);
        Assert.Equal(content, await engine.Blobs.ReadAsync(other));
    }

    [Fact]
    public async Task A_deleted_blob_is_read_on_until_its_object_is_due()
    {
        await using var engine = new S3Engine(gateway.NewSettings() with { DeleteAfter = TimeSpan.FromHours(24) });
        var content = Samples.Bytes(1, 300_000);
        var place = await engine.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken);
        await using var open = await engine.Blobs.OpenAsync(place, TestContext.Current.CancellationToken);
        await engine.Blobs.DeleteAsync([place], TestContext.Current.CancellationToken);
        Assert.Equal(content, (await open!.ReadAsync(TestContext.Current.CancellationToken)).ToArray());

        engine.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Assert.Equal(0, await engine.Storage.DeleteDueAsync(TestContext.Current.CancellationToken));
        Assert.Equal(content, await engine.Blobs.ReadAsync(place));
        engine.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await engine.Storage.DeleteDueAsync(TestContext.Current.CancellationToken));
        Assert.Null(await engine.Blobs.StatAsync(place, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Erasing_removes_all_versions_of_an_object_now()
    {
        var bucket = $"versions-{Guid.NewGuid():N}"[..40];
        await gateway.Ceph.CreateBucketAsync(bucket);
        using var client = OwnerClient();
        await client.PutBucketVersioningAsync(
            new PutBucketVersioningRequest { BucketName = bucket, VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled } },
            TestContext.Current.CancellationToken);
        await using var engine = new S3Engine(gateway.NewSettings() with { Bucket = bucket, DeleteAfter = TimeSpan.FromHours(24) });
        var (content, kept) = (Samples.Bytes(1, 300_000), Samples.Bytes(2, 300_000));
        var place = await engine.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken);
        var other = await engine.Blobs.PutAsync(Samples.Digest(kept), kept, TestContext.Current.CancellationToken);
        Assert.Equal(1, await CountVersionsAsync(place.Key!));

        Assert.Empty(await engine.Blobs.EraseAsync(place, TestContext.Current.CancellationToken));

        Assert.Equal(0, await CountVersionsAsync(place.Key!));
        Assert.Equal(1, await CountVersionsAsync(other.Key!));
        Assert.Equal(kept, await engine.Blobs.ReadAsync(other));

        // A bucket without versions has none to list.
        await using var plain = new S3Engine(gateway.NewSettings() with { DeleteAfter = TimeSpan.FromHours(24) });
        place = await plain.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken);
        Assert.Empty(await plain.Blobs.EraseAsync(place, TestContext.Current.CancellationToken));
        Assert.Null(await plain.Blobs.StatAsync(place, TestContext.Current.CancellationToken));

        async Task<int> CountVersionsAsync(string key)
        {
            var listed = await client.ListVersionsAsync(new ListVersionsRequest { BucketName = bucket }, TestContext.Current.CancellationToken);
            return (listed.Versions ?? []).Count(version => version.Key.EndsWith(key, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("s3:ListBucketVersions")]
    [InlineData("s3:DeleteObjectVersion")]
    public async Task Erasing_without_a_right_to_versions_says_where_they_are(string missing)
    {
        var (bucket, user) = ($"denied-{Guid.NewGuid():N}", $"user{Guid.NewGuid():N}");
        await gateway.Ceph.CreateBucketAsync(bucket);
        await gateway.Ceph.CreateUserAsync(user, user, user);
        using var owner = OwnerClient();
        await owner.PutBucketVersioningAsync(
            new PutBucketVersioningRequest { BucketName = bucket, VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled } },
            TestContext.Current.CancellationToken);
        string[] rights = ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"];
        await owner.PutBucketPolicyAsync(
            new PutBucketPolicyRequest { BucketName = bucket, Policy = Policy(bucket, user, rights.Where(right => right != missing)) }, TestContext.Current.CancellationToken);
        await using var engine = new S3Engine(gateway.NewSettings() with { Bucket = bucket, AccessKey = user, SecretKey = user });
        var content = Samples.Bytes(1, 300_000);
        var place = await engine.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken);

        var left = Assert.Single(await engine.Blobs.EraseAsync(place, TestContext.Current.CancellationToken));

        var versions = (await owner.ListVersionsAsync(new ListVersionsRequest { BucketName = bucket }, TestContext.Current.CancellationToken)).Versions;
        var version = Assert.Single(versions, version => version.Key.EndsWith(place.Key!, StringComparison.Ordinal) && version.IsDeleteMarker is not true);
        Assert.Equal(
            $"versions of the object {version.Key} of the bucket {bucket} at {gateway.Ceph.Endpoint.GetLeftPart(UriPartial.Authority)}, if the bucket keeps versions: "
            + "the access key may not list or delete versions (s3:ListBucketVersions, s3:DeleteObjectVersion). Delete all versions of this object with a tool of the store",
            left);
        Assert.Null(await engine.Blobs.StatAsync(place, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_object_that_is_due_stays_while_the_metadata_has_it()
    {
        await using var engine = new S3Engine(gateway.NewSettings() with { DeleteAfter = TimeSpan.FromHours(1) });
        var content = Samples.Bytes(1, 300_000);
        var place = await engine.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken);
        Assert.Null(await engine.Metadata.LinkBlobAsync(Samples.Repository("a"), place, content.Length));
        await engine.Blobs.DeleteAsync([place], TestContext.Current.CancellationToken);
        engine.Advance(TimeSpan.FromHours(2));
        Assert.Equal(0, await engine.Storage.DeleteDueAsync(TestContext.Current.CancellationToken));
        Assert.Equal(content, await engine.Blobs.ReadAsync(place));
    }

    [Fact]
    public async Task An_object_that_another_push_has_replaced_goes_after_a_day()
    {
        await using var engine = new S3Engine(gateway.NewSettings());
        var content = Samples.Bytes(1, 300_000);
        var replaced = await engine.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken);
        Assert.Null(await engine.Metadata.LinkBlobAsync(Samples.Repository("a"), replaced, content.Length));
        var recorded = await engine.Blobs.PutAsync(Samples.Digest(content), content, TestContext.Current.CancellationToken);
        Assert.Null(await engine.Metadata.LinkBlobAsync(Samples.Repository("b"), recorded, content.Length));

        Assert.Equal(0, await engine.Storage.DeleteDueAsync(TestContext.Current.CancellationToken));
        Assert.Equal(content, await engine.Blobs.ReadAsync(replaced));
        engine.Advance(TimeSpan.FromHours(25));
        Assert.Equal(1, await engine.Storage.DeleteDueAsync(TestContext.Current.CancellationToken));
        Assert.Null(await engine.Blobs.StatAsync(replaced, TestContext.Current.CancellationToken));
        Assert.Equal(content, await engine.Blobs.ReadAsync(recorded));
    }

    [Fact]
    public async Task The_size_of_a_blob_is_answered_from_the_record()
    {
        await using var engine = new S3Engine(gateway.NewSettings());
        var reader = engine.Storage.Serve(new ContentCache(engine.Blobs, TimeProvider.System, maxBytes: 0));
        Assert.Equal(77, await reader.StatAsync(new BlobPlace(Samples.Digest("a"), "blobs/missing"), 77, TestContext.Current.CancellationToken));
        Assert.Null(await reader.OpenAsync(new BlobPlace(Samples.Digest("a"), "blobs/missing"), TestContext.Current.CancellationToken));
    }

    private static string Policy(string bucket, string user, IEnumerable<string> rights) => $$"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/{{user}}"]},
          "Action":[{{string.Join(',', rights.Select(right => $"\"{right}\""))}}],"Resource":["arn:aws:s3:::{{bucket}}","arn:aws:s3:::{{bucket}}/*"]}]}
        """;

    private AmazonS3Client OwnerClient() => new(
        CephGateway.AccessKey,
        CephGateway.SecretKey,
        new AmazonS3Config { ServiceURL = gateway.Ceph.Endpoint.AbsoluteUri, AuthenticationRegion = CephGateway.Region, ForcePathStyle = true });
}
