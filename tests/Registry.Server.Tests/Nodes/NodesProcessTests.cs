using Registry.Server.Tests.Buckets;
using Registry.Storage.Testing;

namespace Registry.Server.Tests.Nodes;

/// <summary>The program with its metadata in PostgreSQL and its blobs in a bucket: refusals at the start, commands, and faults of the database.</summary>
[Collection(BucketCollection.Name)]
public sealed class NodesProcessTests(Gateway gateway, SharedDatabase databases) : IAsyncLifetime
{
    // No data folder is needed, and none is created.
    private readonly TemporaryFolder _folder = new();
    private Dictionary<string, string?> _variables = [];

    private string Data => _folder.File("data");

    public async ValueTask InitializeAsync() => _variables = new(gateway.NewVariables())
    {
        ["REGISTRY_METADATA"] = "postgres",
        ["REGISTRY_POSTGRES"] = (await databases.CreateAsync()).ConnectionString,
    };

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(2, "REGISTRY_POSTGRES", null, "REGISTRY_POSTGRES is missing; REGISTRY_METADATA=postgres needs it, or REGISTRY_POSTGRES_FILE")]
    [InlineData(2, "REGISTRY_POSTGRES", "postgres://registry:s3cret@/registry", "REGISTRY_POSTGRES cannot be used: ")]
    [InlineData(2, "REGISTRY_METADATA", "mysql", "REGISTRY_METADATA is 'mysql'; allowed: sqlite or postgres")]
    [InlineData(2, "REGISTRY_METADATA", null, "REGISTRY_POSTGRES is set, but REGISTRY_METADATA is not postgres; set REGISTRY_METADATA=postgres as well, or unset REGISTRY_POSTGRES")]
    [InlineData(2, "REGISTRY_POSTGRES_FILE", "/nowhere", "REGISTRY_POSTGRES and REGISTRY_POSTGRES_FILE are both set; unset one of them")]
    [InlineData(1, "REGISTRY_POSTGRES", "postgres://registry@127.0.0.1:1/registry", "REGISTRY_METADATA is postgres, but PostgreSQL at 127.0.0.1:1 cannot be reached: Connection refused")]
    [InlineData(2, "REGISTRY_POSTGRES_POOL_SIZE", "1", "REGISTRY_POSTGRES_POOL_SIZE is '1'; allowed: ")]
    public async Task A_wrong_setting_is_named_in_a_line(int exitCode, string name, string? value, string expected)
    {
        _variables[name] = value;
        await AssertRunsAsync(exitCode, "serve", expected);
    }

    [Theory]
    [InlineData("missing", "has no database missing. Create it: CREATE DATABASE missing OWNER registry")]
    public async Task A_database_that_cannot_be_used_is_named_in_a_line(string database, string expected)
    {
        _variables["REGISTRY_POSTGRES"] += $";Database={database}";
        await AssertRunsAsync(2, "serve", "REGISTRY_METADATA is postgres, but PostgreSQL at 127.0.0.1:", expected);
    }

    [Fact]
    public async Task Files_of_one_machine_are_refused()
    {
        var database = _variables["REGISTRY_POSTGRES"];
        _variables = new() { ["REGISTRY_METADATA"] = "postgres", ["REGISTRY_POSTGRES"] = database };
        await AssertRunsAsync(2, "serve", "REGISTRY_METADATA is postgres, but REGISTRY_BLOBS is not s3; nodes cannot share the files of one machine");
    }

    [Fact]
    public async Task Commands_work_beside_running_nodes_or_say_what_to_do()
    {
        var image = TestImage.Create(layerSize: 200_000);
        await using var first = await RegistryProcess.StartAsync(Data, _variables, cancellationToken: TestContext.Current.CancellationToken);
        await using var second = await RegistryProcess.StartAsync(Data, _variables, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains("\n  metadata        the database ", first.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
        using var client = new HttpClient { BaseAddress = first.BaseAddress };
        await client.PushAsync("team/app", image, "latest");

        await AssertRunsAsync(0, $"export team/app:latest {_folder.File("image.tar")}", "Exported");
        await AssertRunsAsync(0, "verify", "3 files", "0 damaged, 0 missing, 0 unreadable");
        await AssertRunsAsync(0, "gc --dry-run", "");
        await AssertRunsAsync(0, "gc", "");
        await AssertRunsAsync(0, "copy team/app:latest team/copy:1", "Copied");
        await AssertRunsAsync(0, $"import {_folder.File("image.tar")} team/imported", "Imported");
        await AssertRunsAsync(1, "reindex", "REGISTRY_METADATA is postgres: there is no tree to rebuild the metadata from");
        await AssertRunsAsync(1, $"backup {_folder.Folder("backup")}", "REGISTRY_METADATA is postgres: a backup would have no blobs");
        await AssertRunsAsync(1, $"restore {_folder.Folder("backup")}", "REGISTRY_METADATA is postgres: a backup is restored into a data folder");
        await AssertRunsAsync(0, "config", "REGISTRY_POSTGRES", "********");
        await AssertRunsAsync(0, "schema status", "The schema of the database ", "2 nodes run that know schema ");
        await AssertRunsAsync(0, "schema upgrade", " already.");

        using var reader = new HttpClient { BaseAddress = second.BaseAddress };
        foreach (var repository in new[] { "team/app", "team/copy", "team/imported" })
        {
            Assert.Equal(image.Blobs[1].Bytes, (await reader.GetAnswerAsync($"/v2/{repository}/blobs/{image.Blobs[1].Digest}")).Body);
        }

        Assert.Equal(0, await first.StopAsync(TestContext.Current.CancellationToken));
        Assert.Equal(0, await second.StopAsync(TestContext.Current.CancellationToken));
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task The_schema_is_shown_and_upgraded_without_a_node()
    {
        await AssertRunsAsync(0, "schema status", "There is no schema in the database ", " yet.", "This program knows schema ", ": its start upgrades the database.");
        await AssertRunsAsync(0, "schema upgrade", "Upgraded the schema of the database ", " from 0 to ");
        await AssertRunsAsync(0, "schema status", "Programs that know schema 1 or newer can use it.");
        _variables = [];
        await AssertRunsAsync(1, "schema status", "registry: REGISTRY_METADATA is sqlite: the start of the registry upgrades the schema of its database");
    }

    [Fact]
    public async Task A_node_starts_beside_newer_ones_and_says_so()
    {
        var database = await databases.CreateAsync();
        _variables["REGISTRY_POSTGRES"] = database.ConnectionString;
        await AssertRunsAsync(0, "schema upgrade", "Upgraded");
        await SharedDatabase.RunAsync(database, "UPDATE meta SET value = 99 WHERE key = 'schema'");
        await using var node = await RegistryProcess.StartAsync(Data, _variables, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Contains("A newer version of the registry has upgraded the schema of the database ", node.Output, StringComparison.Ordinal);
        using var client = new HttpClient { BaseAddress = node.BaseAddress };
        await client.PushAsync("team/app", TestImage.Create(), "latest");
    }

    [Fact]
    public async Task The_connection_comes_from_a_file_as_container_engines_mount_it()
    {
        await File.WriteAllTextAsync(_folder.File("connection"), $"{_variables["REGISTRY_POSTGRES"]}\n", TestContext.Current.CancellationToken);
        (_variables["REGISTRY_POSTGRES"], _variables["REGISTRY_POSTGRES_FILE"]) = (null, _folder.File("connection"));
        await using var node = await RegistryProcess.StartAsync(Data, _variables, cancellationToken: TestContext.Current.CancellationToken);
        using var client = new HttpClient { BaseAddress = node.BaseAddress };
        await client.PushBlobAsync("team/app", TestBlob.Random(100_000));
    }

    [Fact]
    public async Task A_kill_loses_nothing_and_the_other_node_goes_on_with_its_upload()
    {
        var layer = TestBlob.Random(20_000_000);
        await using var killed = await RegistryProcess.StartAsync(Data, _variables, cancellationToken: TestContext.Current.CancellationToken);
        await using var other = await RegistryProcess.StartAsync(Data, _variables, cancellationToken: TestContext.Current.CancellationToken);
        using var client = new HttpClient { BaseAddress = killed.BaseAddress };
        using var again = new HttpClient { BaseAddress = other.BaseAddress };
        var image = await client.PushAsync("team/app", TestImage.Create(layerSize: 200_000), "latest");
        var location = await client.BeginUploadAsync("team/app");
        location = (await client.RequestAsync("PATCH", location, layer.Bytes[..18_000_000])).Location;

        killed.Kill();
        Assert.Equal(image.Manifest.Bytes, (await again.GetAnswerAsync("/v2/team/app/manifests/latest")).Body);
        Assert.Equal(image.Blobs[1].Bytes, (await again.GetAnswerAsync($"/v2/team/app/blobs/{image.Blobs[1].Digest}")).Body);
        var status = await again.GetAnswerAsync(location);
        Assert.Equal((204, "0-17999999"), (status.Status, status["Range"]));
        var ended = await again.RequestAsync("PUT", status.Location.WithDigest(layer.Digest), layer.Bytes[18_000_000..]);
        Assert.True(ended.Status == 201, ended.ToString());
        Assert.Equal(layer.Bytes, (await again.GetAnswerAsync($"/v2/team/app/blobs/{layer.Digest}")).Body);
    }

    private async Task AssertRunsAsync(int exitCode, string command, params string[] expected) => Assert.DoesNotContain(
        "s3cret", await CommandAssert.RunsAsync(exitCode, command, Data, _variables, expected), StringComparison.Ordinal);
}
