namespace Registry.Server.Tests.Uploads;

/// <summary>OCI distribution-spec, "Mounting a blob from another repository".</summary>
public sealed class MountTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task Mounts_from_the_repository_that_is_named(string algorithm)
    {
        var blob = await fixture.Client.PushBlobAsync("mount/source", TestBlob.Random(), algorithm);

        var answer = await MountAsync($"mount/target-{algorithm}", $"mount={blob.In(algorithm)}&from=mount/source");

        await AssertMountedAsync(blob, algorithm, $"mount/target-{algorithm}", answer);
    }

    [Theory]
    [InlineData("sha256", "")]
    [InlineData("sha512", "")]
    [InlineData("sha256", "&from=")]
    public async Task Mounts_from_anywhere_when_no_repository_is_named(string algorithm, string from)
    {
        var blob = await fixture.Client.PushBlobAsync("mount/anywhere", TestBlob.Random(), algorithm);

        var answer = await MountAsync("mount/anonymous", $"mount={blob.In(algorithm)}{from}");

        await AssertMountedAsync(blob, algorithm, "mount/anonymous", answer);
    }

    [Fact]
    public async Task Everything_may_be_percent_encoded()
    {
        var blob = await fixture.Client.PushBlobAsync("mount/source", TestBlob.Random());

        var answer = await MountAsync("mount/encoded", $"mount={Uri.EscapeDataString(blob.Digest)}&from=mount%2Fsource");

        await AssertMountedAsync(blob, "sha256", "mount/encoded", answer);
    }

    [Fact]
    public async Task A_blob_may_be_mounted_where_it_is_already()
    {
        var blob = await fixture.Client.PushBlobAsync("mount/itself", TestBlob.Random());

        await AssertMountedAsync(blob, "sha256", "mount/itself", await MountAsync("mount/itself", $"mount={blob.Digest}&from=mount/itself"));
    }

    [Theory]
    [InlineData("from=mount/other")]
    [InlineData("from=mount/unknown")]
    [InlineData("from=BAD..NAME")]
    [InlineData("from=../../etc")]
    [InlineData("from=%00")]
    public async Task A_source_that_does_not_have_it_is_a_plain_202_and_the_upload_goes_on(string from)
    {
        var blob = await fixture.Client.PushBlobAsync("mount/source", TestBlob.Random());
        await fixture.Client.PushBlobAsync("mount/other", TestBlob.Random());
        var target = $"mount/t{Guid.NewGuid():N}";

        var answer = Check.Status(202, await MountAsync(target, $"mount={blob.Digest}&{from}"));

        Assert.Equal("0-0", answer["Range"]);
        Assert.Null(answer["Docker-Content-Digest"]);
        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/{target}/blobs/{blob.Digest}"));
        Check.Status(201, await fixture.Client.RequestAsync("PUT", answer.Location.WithDigest(blob.Digest), blob.Bytes));
        Check.Status(200, await fixture.Client.HeadAnswerAsync($"/v2/{target}/blobs/{blob.Digest}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("&from=mount/unknown")]
    public async Task A_blob_that_is_nowhere_is_a_plain_202(string from)
    {
        var blob = TestBlob.Random();

        var answer = Check.Status(202, await MountAsync("mount/nowhere", $"mount={blob.Digest}{from}"));

        Check.Status(201, await fixture.Client.RequestAsync("PUT", answer.Location.WithDigest(blob.Digest), blob.Bytes));
    }

    [Fact]
    public async Task A_blob_that_its_source_has_deleted_is_not_mounted()
    {
        var blob = await fixture.Client.PushBlobAsync("mount/deleted", TestBlob.Random());
        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/mount/deleted/blobs/{blob.Digest}"));

        Check.Status(202, await MountAsync("mount/late", $"mount={blob.Digest}&from=mount/deleted"));
        Check.Status(202, await MountAsync("mount/late", $"mount={blob.Digest}"));
    }

    [Fact]
    public async Task A_mounted_blob_outlives_its_source()
    {
        var blob = await fixture.Client.PushBlobAsync("mount/first", TestBlob.Random());
        Check.Status(201, await MountAsync("mount/second", $"mount={blob.Digest}&from=mount/first"));

        Check.Status(202, await fixture.Client.RequestAsync("DELETE", $"/v2/mount/first/blobs/{blob.Digest}"));

        Check.Status(404, await fixture.Client.HeadAnswerAsync($"/v2/mount/first/blobs/{blob.Digest}"));
        Assert.Equal(blob.Bytes, Check.Status(200, await fixture.Client.GetAnswerAsync($"/v2/mount/second/blobs/{blob.Digest}")).Body);
    }

    [Theory]
    [InlineData("sha256:abc")]
    [InlineData("")]
    [InlineData("latest")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b")]
    [InlineData("sha256:../../../../etc/passwd")]
    public async Task A_digest_that_no_blob_has_here_is_a_plain_202_and_the_upload_goes_on(string digest)
    {
        foreach (var from in new[] { "", "&from=mount/source" })
        {
            var blob = TestBlob.Random();
            var answer = Check.Status(202, await MountAsync("mount/strange", $"mount={digest}{from}"));
            Assert.Equal("0-0", answer["Range"]);
            Check.Status(201, await fixture.Client.RequestAsync("PUT", answer.Location.WithDigest(blob.Digest), blob.Bytes));
        }
    }

    [Theory]
    [InlineData("md5")]
    [InlineData("SHA512")]
    [InlineData("")]
    public async Task An_announced_algorithm_must_be_known(string algorithm)
    {
        var answer = await fixture.Client.RequestAsync("POST", $"/v2/mount/algorithm/blobs/uploads/?digest-algorithm={algorithm}");

        Check.Error(400, "DIGEST_INVALID", "invalid digest", answer);
        Assert.Equal(["digest-algorithm must be sha256 or sha512"], Check.Details(answer));
    }

    private Task<Answer> MountAsync(string target, string query) => fixture.Client.RequestAsync("POST", $"/v2/{target}/blobs/uploads/?{query}");

    private async Task AssertMountedAsync(TestBlob blob, string algorithm, string target, Answer answer)
    {
        Check.Status(201, answer);
        Assert.Equal($"/v2/{target}/blobs/{blob.In(algorithm)}", answer.Location);
        Assert.Equal(blob.In(algorithm), answer["Docker-Content-Digest"]);
        Assert.Null(answer["Docker-Upload-UUID"]);
        Assert.Equal(blob.Bytes, Check.Status(200, await fixture.Client.GetAnswerAsync(answer.Location)).Body);
    }
}
