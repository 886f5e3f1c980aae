using Npgsql;
using Registry.Server.Tests.Buckets;
using Registry.Storage.Testing;
using Registry.Testing.Engines;

namespace Registry.Server.Tests.Nodes;

/// <summary>A node whose database has gone away.</summary>
[Collection(BucketCollection.Name)]
public sealed class DatabaseOutageTests(Gateway gateway, SharedDatabase databases)
{
    private const string Repository = "team/app";

    [Fact]
    public async Task Every_request_is_told_to_come_again()
    {
        var database = await databases.CreateAsync();
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        await using var proxy = new PostgresProxy(connection.Port);
        connection.Port = proxy.Port;
        await using var node = await TestRegistry.StartAsync(options => options with
        {
            Database = database with { ConnectionString = connection.ConnectionString },
            Bucket = gateway.NewSettings(),
        });
        var image = await node.Client.PushAsync(Repository, TestImage.Create(), "latest");
        var upload = await node.Client.BeginUploadAsync(Repository);
        var large = (await node.Client.RequestAsync("PATCH", await node.Client.BeginUploadAsync(Repository), new byte[100_000])).Location;
        proxy.IsDown = true;

        var answers = await Task.WhenAll(
            node.Client.GetAnswerAsync($"/v2/{Repository}/manifests/latest"),
            node.Client.HeadAnswerAsync($"/v2/{Repository}/blobs/{image.Blobs[0].Digest}"),
            node.Client.GetAnswerAsync($"/v2/{Repository}/tags/list"),
            node.Client.PutManifestAsync(Repository, "other", image),
            node.Client.RequestAsync("POST", $"/v2/{Repository}/blobs/uploads/"),
            node.Client.RequestAsync("POST", $"/v2/{Repository}/blobs/uploads/?digest={image.Blobs[0].Digest}", image.Blobs[0].Bytes),
            node.Client.GetAnswerAsync(upload),
            node.Client.RequestAsync("PATCH", upload, [1]),
            node.Client.RequestAsync("PUT", large.WithDigest(image.Blobs[0].Digest), [1]),
            node.Client.RequestAsync("DELETE", large));

        proxy.IsDown = false;
        Assert.All(answers, answer => Assert.Equal((503, "5"), (answer.Status, answer["Retry-After"])));
        Assert.Equal(201, (await node.Client.PutManifestAsync(Repository, "other", image)).Status);
    }
}
