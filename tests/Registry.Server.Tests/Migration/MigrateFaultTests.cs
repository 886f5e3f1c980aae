using Registry.Server.Tests.Buckets;
using Registry.Storage.Testing;

namespace Registry.Server.Tests.Migration;

/// <summary>Faults of a move: kills, content that is damaged at either end, and wrong arguments.</summary>
[Collection(BucketCollection.Name)]
public sealed class MigrateFaultTests(Gateway gateway, SharedDatabase databases) : IAsyncLifetime
{
    private readonly SampleContent _content = new();
    private MigrationFixture _ends = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string ToNodes => $"--to {_ends.NodesFile}";

    public async ValueTask InitializeAsync() => _ends = await MigrationFixture.CreateAsync(gateway, databases);

    public ValueTask DisposeAsync()
    {
        _ends.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("")]
    [InlineData(" --final")]
    public async Task A_pass_that_was_killed_continues(string last)
    {
        await using (var source = await _ends.ServeFolderAsync())
        {
            await _content.PushAsync(source.Client);
            for (var i = 0; i < 40; i++)
            {
                await _content.PushAsync(source.Client, $"many/app{i % 4}", TestImage.Create(layerSize: 200_000), $"t{i}");
            }
        }

        await using (var killed = RegistryProcess.Launch(_ends.Data, $"migrate {ToNodes}{last}".Split(' ')))
        {
            // In the middle of the blobs, and of the manifests in the second round.
            var middle = last.Length == 0 ? "SELECT count(*) > 10 FROM blob_links" : "SELECT count(*) > 5 FROM manifests";
            await Eventually.HoldsAsync(async () => await IsTrueAsync(middle) || killed.HasExited, "the pass is in its middle");
            killed.Kill();
            await killed.WaitForExitAsync(Patience.Limit, Cancellation);
            Assert.DoesNotContain("Copied", killed.Output, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(Path.Combine(_ends.Data, "migration")));
        await Eventually.HoldsAsync(
            async () =>
            {
                var again = await _ends.RunAsync("--to", _ends.NodesFile);
                Assert.True(again.ExitCode == 0 || again.Error.Contains("in use by other processes", StringComparison.Ordinal), again.Error);
                return again.ExitCode == 0;
            },
            "the killed process no longer counts");
        await _ends.RunsAsync(0, $"{ToNodes} --final", "Copied 0 blobs (0 B) and 0 manifests", "Differences: 0");
        await using var node = await _ends.ServeNodeAsync();
        await _content.AssertServedAsync(node.Client);
    }

    [Theory]
    [InlineData("flip", "is damaged in the storage; pushing it again repairs it")]
    [InlineData("cut", "is damaged: 200000 B expected, 100000 B found")]
    [InlineData("delete", "is missing: its bytes are lost; pushing it again repairs that")]
    public async Task A_damaged_blob_of_the_source_is_named_and_nothing_of_it_is_at_the_target(string damage, string reason)
    {
        var image = TestImage.Create(layerSize: 200_000);
        var digest = image.Blobs[1].Digest;
        await using (var source = await _ends.ServeFolderAsync())
        {
            await _content.PushAsync(source.Client);
            await _content.PushAsync(source.Client, "team/damaged", image, "1");
        }

        Damage(Path.Combine(_ends.Data, "blobs", "sha256", digest[7..9], digest[7..], "data"), damage);
        await _ends.RunsAsync(1, ToNodes, $"registry: team/damaged: blob {digest}: ", reason, "registry: 1 fault kept content from being moved; everything else was");
        Assert.Equal("0", await _ends.QueryAsync($"SELECT count(*) FROM content WHERE digest = '{digest}' AND state > 0"));
        await _ends.RunsAsync(1, $"{ToNodes} --final", $"team/damaged: blob {digest}: only at the source", "no mark was set");
        await using (var source = await _ends.ServeFolderAsync())
        {
            await source.Client.PushBlobAsync("team/damaged", image.Blobs[1]);
        }

        await _ends.RunsAsync(0, $"{ToNodes} --final", "Copied 1 blob ", "Differences: 0");
        await using var node = await _ends.ServeNodeAsync();
        await _content.AssertServedAsync(node.Client);
    }

    [Fact]
    public async Task A_damaged_manifest_of_the_source_is_named()
    {
        // Larger than what stays in the database.
        var image = TestImage.Create(json => json["annotations"] = new System.Text.Json.Nodes.JsonObject { ["text"] = new string('a', 40_000) });
        await using (var source = await _ends.ServeFolderAsync())
        {
            await source.Client.PushAsync("team/damaged", image, "1");
        }

        Damage(Path.Combine(_ends.Data, "blobs", "sha256", image.Digest[7..9], image.Digest[7..], "data"), "flip");
        await _ends.RunsAsync(1, ToNodes, $"registry: team/damaged: manifest {image.Digest}: the manifest {image.Digest} of team/damaged is damaged; pushing it again repairs it");
        await _ends.RunsAsync(1, $"{ToNodes} --final", $"team/damaged: tag 1: {image.Digest} at the source, none at the target", "no mark was set");
    }

    [Fact]
    public async Task A_comparison_finds_bytes_of_the_target_that_are_lost_or_damaged()
    {
        var (lost, damaged) = (TestImage.Create(layerSize: 200_000), TestImage.Create(layerSize: 200_000));
        await using (var source = await _ends.ServeFolderAsync())
        {
            await source.Client.PushAsync("team/app", lost, "lost");
            await source.Client.PushAsync("team/app", damaged, "damaged");
        }

        await _ends.RunsAsync(0, ToNodes);
        await gateway.ReplaceAsync(_ends.Bucket, await PlaceAsync(damaged), TestBlob.Random(200_000).Bytes);
        await _ends.RunsAsync(1, $"{ToNodes} --final --compare-content", $"team/app: blob {damaged.Blobs[1].Digest}: its bytes are damaged at the target", "Differences: 1", "no mark was set");
        await gateway.ReplaceAsync(_ends.Bucket, await PlaceAsync(lost), TestBlob.Random(100_000).Bytes);
        await _ends.RunsAsync(1, $"{ToNodes} --final", $"team/app: blob {lost.Blobs[1].Digest}: it has 100000 B instead of 200000 at the target", "Differences: 1");
        Assert.False(File.Exists(Path.Combine(_ends.Data, "migration")));
        await using var again = await _ends.ServeFolderAsync();
    }

    [Theory]
    [InlineData("--dry-run", "name the other end: --to FILE")]
    [InlineData("--to NODES --final --dry-run", "--dry-run and --final exclude each other")]
    [InlineData("--to NODES --compare-content", "--compare-content belongs to --final")]
    [InlineData("--to FOLDER", "both ends have the data folder ")]
    [InlineData("--from NODES --to BUCKET", "both ends have the bucket registry with the same REGISTRY_S3_PREFIX")]
    [InlineData("--from NODES --to NODES", "both ends have the same connection to PostgreSQL")]
    [InlineData("--to /nowhere", "/nowhere cannot be read: ")]
    [InlineData("--to WRONG", "wrong.env line 2: REGISTRY_METADATE is not a setting; did you mean REGISTRY_METADATA?")]
    [InlineData("--to WRONG", "wrong.env line 3: AWS_REGION is not a setting, so it would have no effect; remove the line")]
    [InlineData("--to WRONG", "wrong.env line 4: 'no value' is not a line NAME=value")]
    [InlineData("--to WRONG", "wrong.env line 6: REGISTRY_BLOBS is set in an earlier line, too; remove one of them")]
    [InlineData("--to INCOMPLETE", "incomplete.env: REGISTRY_S3_BUCKET is missing; REGISTRY_BLOBS=s3 needs it")]
    public async Task Wrong_arguments_are_refused(string arguments, string expected)
    {
        await File.WriteAllTextAsync(
            _ends.File("wrong.env"), "# Wrong\nREGISTRY_METADATE=postgres\nAWS_REGION=eu\nno value\nREGISTRY_BLOBS='s3'\nREGISTRY_BLOBS=files\n", Cancellation);
        await File.WriteAllTextAsync(_ends.File("incomplete.env"), "REGISTRY_BLOBS=s3\n", Cancellation);
        var run = await _ends.RunAsync([.. arguments.Split(' ').Select(word => word switch
        {
            "NODES" => _ends.NodesFile,
            "FOLDER" => _ends.FolderFile,
            "BUCKET" => _ends.BucketFile,
            "WRONG" => _ends.File("wrong.env"),
            "INCOMPLETE" => _ends.File("incomplete.env"),
            _ => word,
        })]);
        Assert.True(run.ExitCode == 2, run.Error);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_a_registry_and_a_database_that_does_not_answer_are_named()
    {
        await _ends.RunsAsync(1, ToNodes, $"registry: REGISTRY_STORAGE_PATH {_ends.Data} is empty, so it holds no registry");
        await using var source = await _ends.ServeFolderAsync();
        _ends.WriteFile(
            _ends.NodesFile,
            ("REGISTRY_METADATA", "postgres"),
            ("REGISTRY_POSTGRES", "postgres://registry@127.0.0.1:1/registry"),
            ("REGISTRY_BLOBS", "s3"),
            ("REGISTRY_S3_BUCKET", "registry"));
        await _ends.RunsAsync(1, ToNodes, "registry: REGISTRY_METADATA is postgres, but PostgreSQL at 127.0.0.1:1 cannot be reached: ");
        await _ends.RunsAsync(1, $"{ToNodes} --dry-run", "registry: REGISTRY_METADATA is postgres, but PostgreSQL at 127.0.0.1:1 cannot be reached: ");
    }

    private async Task<bool> IsTrueAsync(string sql)
    {
        try
        {
            return await _ends.QueryAsync(sql) == "t";
        }
        catch (InvalidOperationException)
        {
            // The tables are not there yet.
            return false;
        }
    }

    private Task<string> PlaceAsync(TestImage image) => _ends.QueryAsync($"SELECT place FROM content WHERE digest = '{image.Blobs[1].Digest}'");

    private static void Damage(string path, string how)
    {
        var bytes = File.ReadAllBytes(path);
        switch (how)
        {
            case "flip":
                bytes[^1] ^= 1;
                File.WriteAllBytes(path, bytes);
                break;
            case "cut":
                File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
                break;
            default:
                File.Delete(path);
                break;
        }
    }
}
