using Registry.Storage.Testing;

namespace Registry.Server.Tests.Buckets;

/// <summary>The program with its blobs in a bucket: refusals at the start, commands, and a kill.</summary>
[Collection(BucketCollection.Name)]
public sealed class BucketProcessTests(Gateway gateway) : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string?> _variables = gateway.NewVariables();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2, "REGISTRY_S3_BUCKET", null, "REGISTRY_S3_BUCKET is missing; REGISTRY_BLOBS=s3 needs it")]
    [InlineData(2, "REGISTRY_S3_BUCKET", "missing", "REGISTRY_BLOBS is s3, but S3: the bucket missing at http://127.0.0.1:", "does not exist. Create it, or correct its name")]
    [InlineData(2, "REGISTRY_S3_ACCESS_KEY", "stranger", "an access key that the store does not know")]
    [InlineData(2, "REGISTRY_S3_SECRET_KEY", "wrong", "the signature is wrong. Check the secret key")]
    [InlineData(2, "REGISTRY_S3_SECRET_KEY", null, "REGISTRY_S3_SECRET_KEY is missing; REGISTRY_S3_ACCESS_KEY is set, and an access key needs both")]
    [InlineData(2, "REGISTRY_S3_CA", "/nowhere.pem", "REGISTRY_S3_CA /nowhere.pem cannot be used: there is no such file")]
    public async Task A_wrong_setting_is_named_in_a_line(int exitCode, string name, string? value, params string[] expected)
    {
        _variables[name] = value;
        await AssertRunsAsync(exitCode, "serve", expected);
    }

    [Fact]
    public async Task A_bucket_that_would_not_be_used_is_named_in_a_line()
    {
        _variables.Clear();
        _variables["REGISTRY_S3_BUCKET"] = "images";
        await AssertRunsAsync(2, "serve", "REGISTRY_S3_BUCKET is set, but REGISTRY_BLOBS is not s3; set REGISTRY_BLOBS=s3 as well, or unset REGISTRY_S3_BUCKET");
    }

    [Fact]
    public async Task An_access_key_without_rights_is_named_in_a_line()
    {
        await gateway.Ceph.CreateUserAsync("visitor", "visitoraccesskey", "visitorsecretkey");
        _variables["REGISTRY_S3_ACCESS_KEY"] = "visitoraccesskey";
        _variables["REGISTRY_S3_SECRET_KEY"] = "visitorsecretkey";
        await AssertRunsAsync(2, "serve", "AccessDenied", "Allow it to list the bucket");
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_no_wrong_setting()
    {
        _variables["REGISTRY_S3_ENDPOINT"] = $"http://127.0.0.1:{FreePorts.Find(1)[0]}";
        await AssertRunsAsync(1, "serve", "REGISTRY_BLOBS is s3, but S3: the bucket registry at", "cannot be reached");
    }

    [Fact]
    public async Task A_folder_with_files_is_never_opened_with_a_bucket_nor_the_reverse()
    {
        await using (var files = await RegistryProcess.StartAsync(_folder.Path, cancellationToken: TestContext.Current.CancellationToken))
        {
            using var client = new HttpClient { BaseAddress = files.BaseAddress };
            await client.PushAsync("team/app", TestImage.Create(), "latest");
            Assert.Equal(0, await files.StopAsync(TestContext.Current.CancellationToken));
        }

        await AssertRunsAsync(2, "serve", $"REGISTRY_BLOBS is s3, but REGISTRY_STORAGE_PATH {_folder.Path} has its blobs in files");

        using var other = new TemporaryFolder();
        await using (var bucket = await RegistryProcess.StartAsync(other.Path, _variables, cancellationToken: TestContext.Current.CancellationToken))
        {
            Assert.Equal(0, await bucket.StopAsync(TestContext.Current.CancellationToken));
        }

        var (exitCode, output) = await RegistryProcess.RunAsync("serve", other.Path, null, TestContext.Current.CancellationToken);
        Assert.Equal(2, exitCode);
        Assert.Contains($"REGISTRY_BLOBS is files, but REGISTRY_STORAGE_PATH {other.Path} has its blobs in an S3 bucket", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_acknowledged_survives_a_kill()
    {
        var layer = TestBlob.Random(20_000_000);
        await using var registry = await RegistryProcess.StartAsync(_folder.Path, _variables, cancellationToken: TestContext.Current.CancellationToken);
        string location;
        TestImage image;
        using (var client = new HttpClient { BaseAddress = registry.BaseAddress })
        {
            image = await client.PushAsync("team/app", TestImage.Create(layerSize: 200_000), "latest");
            location = await client.BeginUploadAsync("team/app");
            location = (await client.RequestAsync("PATCH", location, layer.Bytes[..18_000_000])).Location;
        }

        registry.Kill();
        await registry.StartAgainAsync(TestContext.Current.CancellationToken);
        using var again = new HttpClient { BaseAddress = registry.BaseAddress };
        Assert.Equal(image.Manifest.Bytes, (await again.GetAnswerAsync("/v2/team/app/manifests/latest")).Body);
        Assert.Equal(image.Blobs[1].Bytes, (await again.GetAnswerAsync($"/v2/team/app/blobs/{image.Blobs[1].Digest}")).Body);
        var status = await again.GetAnswerAsync(location);
        Assert.Equal((204, "0-17999999"), (status.Status, status["Range"]));
        var ended = await again.RequestAsync("PUT", status.Location.WithDigest(layer.Digest), layer.Bytes[18_000_000..]);
        Assert.True(ended.Status == 201, ended.ToString());
        Assert.Equal(layer.Bytes, (await again.GetAnswerAsync($"/v2/team/app/blobs/{layer.Digest}")).Body);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Commands_use_the_bucket_or_say_what_to_do(bool redirects)
    {
        if (redirects)
        {
            (_variables["REGISTRY_S3_REDIRECT"], _variables["REGISTRY_S3_DELETE_AFTER"]) = ("true", "1h");
        }

        var image = TestImage.Create(layerSize: 200_000);
        await using (var registry = await RegistryProcess.StartAsync(_folder.Path, _variables, cancellationToken: TestContext.Current.CancellationToken))
        {
            using var client = new HttpClient { BaseAddress = registry.BaseAddress };
            await client.PushAsync("team/app", image, "latest");
            var address = new Uri(_variables["REGISTRY_S3_ENDPOINT"]!).GetLeftPart(UriPartial.Authority);
            await Eventually.TrueAsync(
                () => registry.Output.Contains($"\n  blobs           the bucket {_variables["REGISTRY_S3_BUCKET"]} at {address}\n", StringComparison.Ordinal), "the start names the bucket");
            await AssertRunsAsync(0, $"export team/app:latest {_folder.File("running.tar")}", "Exported");
            Assert.Equal(0, await registry.StopAsync(TestContext.Current.CancellationToken));
        }

        await AssertRunsAsync(0, "verify", "3 files", "0 damaged, 0 missing, 0 unreadable");
        await AssertRunsAsync(0, "gc --dry-run", "");
        await AssertRunsAsync(0, "gc", "");
        await AssertRunsAsync(0, "bucket adopt", $"Marked the bucket {_variables["REGISTRY_S3_BUCKET"]} at", "as that of this registry. ");
        await AssertRunsAsync(0, "bucket adopt", $"The mark before was written on {Environment.MachineName} at 20");
        await AssertRunsAsync(0, "copy team/app:latest team/copy:1", "Copied");
        await AssertRunsAsync(0, $"import {_folder.File("running.tar")} team/imported", "Imported");
        await AssertRunsAsync(1, "reindex", "REGISTRY_BLOBS is s3: there is no tree to rebuild the metadata from");
        await AssertRunsAsync(1, $"backup {_folder.Folder("backup")}", "REGISTRY_BLOBS is s3: a backup would have no blobs");
        await AssertRunsAsync(1, $"restore {_folder.Folder("backup")}", "REGISTRY_BLOBS is s3: a backup is restored into files");
        await AssertRunsAsync(0, "config", "REGISTRY_S3_SECRET_KEY", "********");

        await using var again = await RegistryProcess.StartAsync(_folder.Path, _variables, cancellationToken: TestContext.Current.CancellationToken);
        using var reader = new HttpClient { BaseAddress = again.BaseAddress };
        foreach (var repository in new[] { "team/copy", "team/imported" })
        {
            Assert.Equal(image.Blobs[1].Bytes, (await reader.GetAnswerAsync($"/v2/{repository}/blobs/{image.Blobs[1].Digest}")).Body);
        }
    }

    [Fact]
    public async Task Keys_come_from_files_as_container_engines_mount_them()
    {
        foreach (var name in new[] { "REGISTRY_S3_ACCESS_KEY", "REGISTRY_S3_SECRET_KEY" })
        {
            await File.WriteAllTextAsync(_folder.File(name), $"{_variables[name]}\n", TestContext.Current.CancellationToken);
            (_variables[name], _variables[$"{name}_FILE"]) = (null, _folder.File(name));
        }

        using var data = new TemporaryFolder();
        await using var registry = await RegistryProcess.StartAsync(data.Path, _variables, cancellationToken: TestContext.Current.CancellationToken);
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        await client.PushBlobAsync("team/app", TestBlob.Random(100_000));
    }

    private Task<string> AssertRunsAsync(int exitCode, string command, params string[] expected) =>
        CommandAssert.RunsAsync(exitCode, command, _folder.Path, _variables, expected);
}
