using Npgsql;
using Registry.Server.Tests.Buckets;
using Registry.Storage.Postgres;
using Registry.Storage.Testing;
using Registry.Testing.Engines;

namespace Registry.Server.Tests.Nodes;

/// <summary>
/// A node whose primary has crashed, and whose standby had not received the last commits. They are lost (<c>docs/many-nodes.md</c>, "The database"); what the
/// standby has can be pulled, also what was deleted and collected since.
/// </summary>
[Collection(BucketCollection.Name)]
public sealed class FailoverTests(Gateway gateway)
{
    private const string Repository = "team/app";

    [Fact]
    public async Task The_node_goes_on_with_a_standby_that_lags()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var primary = await PostgresServer.StartAsync();
        await using var stream = new PostgresProxy(primary.Port);
        await using var standby = await PostgresServer.StartStandbyAsync(stream.Port);
        var hosts = new NpgsqlConnectionStringBuilder(primary.ConnectionString) { Host = $"127.0.0.1:{primary.Port},127.0.0.1:{standby.Port}" };
        var database = new PostgresSettings { ConnectionString = hosts.ConnectionString };
        await using var node = await TestRegistry.StartAsync(options => options with
        {
            Database = database,
            Bucket = gateway.NewSettings() with { DeleteAfter = TimeSpan.FromHours(24) },
        });
        var (kept, deleted) = (TestImage.Create(layerSize: 100_000), TestImage.Create(layerSize: 100_000));
        await node.Client.PushAsync(Repository, kept, "kept", "latest");
        await node.Client.PushAsync(Repository, deleted, "deleted");
        var known = (await node.Client.RequestAsync("PATCH", await node.Client.BeginUploadAsync(Repository), new byte[100_000])).Location;

        // Without a sync for each commit, what was committed may not be written yet.
        await Eventually.HoldsAsync(
            async () => await standby.QueryAsync("SELECT pg_last_wal_replay_lsn()") == await primary.QueryAsync("SELECT pg_current_wal_insert_lsn()"),
            "the standby has followed", cancellation);

        stream.IsDown = true;
        var lost = await node.Client.PushAsync(Repository, TestImage.Create(layerSize: 100_000), "latest", "new");
        Check.Status(202, await node.Client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/{deleted.Digest}"));
        foreach (var blob in deleted.Blobs)
        {
            Check.Status(202, await node.Client.RequestAsync("DELETE", $"/v2/{Repository}/blobs/{blob.Digest}"));
        }

        await node.Host.Collector.RunAsync(cancellation);
        var unknown = (await node.Client.RequestAsync("PATCH", await node.Client.BeginUploadAsync(Repository), new byte[100_000])).Location;
        await primary.CrashAsync();
        var meanwhile = await Task.WhenAll(
            node.Client.GetAnswerAsync($"/v2/{Repository}/manifests/kept"), node.Client.PutManifestAsync(Repository, "kept", kept));
        Assert.All(meanwhile, answer => Assert.Equal((503, "5"), (answer.Status, answer["Retry-After"])));
        await standby.PromoteAsync();

        await Eventually.HoldsAsync(
            async () => (await node.Client.GetAnswerAsync($"/v2/{Repository}/manifests/kept")).Status == 200, "the node has found the new primary", cancellation);
        await AssertServedAsync(node, "latest", kept);
        await AssertServedAsync(node, "deleted", deleted);
        Check.Status(404, await node.Client.GetAnswerAsync($"/v2/{Repository}/manifests/{lost.Digest}"));
        Check.Status(404, await node.Client.GetAnswerAsync($"/v2/{Repository}/blobs/{lost.Blobs[0].Digest}"));
        Check.Status(404, await node.Client.RequestAsync("PATCH", unknown, [1]));
        Check.Status(201, await node.Client.RequestAsync("PUT", known.WithDigest(new TestBlob(new byte[100_000]).Digest)));
        await node.Client.PushAsync(Repository, lost, "latest");
        await AssertServedAsync(node, "latest", lost);
        await standby.QueryAsync("UPDATE clock SET seconds = seconds + 3 * 86400");
        await node.Host.Collector.RunAsync(cancellation);
        await AssertServedAsync(node, "latest", lost);
        await AssertServedAsync(node, "kept", kept);
        await AssertServedAsync(node, "deleted", deleted);
    }

    private static async Task AssertServedAsync(TestRegistry node, string tag, TestImage image)
    {
        Assert.Equal(image.Manifest.Bytes, Check.Status(200, await node.Client.GetAnswerAsync($"/v2/{Repository}/manifests/{tag}")).Body);
        foreach (var blob in image.Blobs)
        {
            Assert.Equal(blob.Bytes, Check.Status(200, await node.Client.GetAnswerAsync($"/v2/{Repository}/blobs/{blob.Digest}")).Body);
        }
    }
}
