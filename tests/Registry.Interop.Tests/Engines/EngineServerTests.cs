using Registry.Testing;
using Registry.Testing.Engines;

namespace Registry.Interop.Tests.Engines;

/// <summary>Servers for engines beyond one machine: a real PostgreSQL and a real S3, which tests start by themselves.</summary>
public sealed class EngineServerTests
{
    [Fact]
    public async Task PostgreSQL_keeps_what_a_transaction_has_committed()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed: apt-get install postgresql-15");
        await using var server = await PostgresServer.StartAsync(isDurable: true, "max_connections=20");

        await server.QueryAsync("CREATE TABLE blobs (digest text PRIMARY KEY, size bigint NOT NULL)");
        await server.QueryAsync("BEGIN; INSERT INTO blobs VALUES ('sha256:a', 1); ROLLBACK; BEGIN; INSERT INTO blobs VALUES ('sha256:b', 2); COMMIT");

        Assert.Equal("sha256:b|2", await server.QueryAsync("SELECT * FROM blobs"));
        Assert.Equal("on 20", await server.QueryAsync("SELECT current_setting('fsync') || ' ' || current_setting('max_connections')"));
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => server.QueryAsync("INSERT INTO blobs VALUES ('sha256:b', 3)"));
        Assert.Contains("duplicate key", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_S3_gateway_keeps_objects_for_requests_that_are_signed()
    {
        Assert.SkipUnless(CephGateway.IsInstalled, "Ceph is not installed: apt-get install ceph-mon ceph-osd radosgw ceph-common");
        await using var gateway = await CephGateway.StartAsync();
        using var client = new HttpClient();
        var content = TestBlob.Random(100_000).Bytes;

        Assert.Equal(200, (await SendAsync("PUT", "registry")).Status);
        Assert.Equal(200, (await SendAsync("PUT", "registry/blobs/ab/key", content)).Status);
        Assert.Equal(404, (await SendAsync("GET", "registry/blobs/ab/other")).Status);
        var part = await SendAsync("GET", "registry/blobs/ab/key", null, ("Range", "bytes=50000-"));
        Assert.Equal(206, part.Status);
        Assert.Equal(content[50_000..], part.Body);
        Assert.Equal(403, (await client.GetAnswerAsync($"{gateway.Endpoint}registry/blobs/ab/key")).Status);

        Task<Answer> SendAsync(string method, string path, byte[]? body = null, params (string Name, string Value)[] headers) =>
            client.RequestAsync(method, gateway.Presign(method, path, DateTimeOffset.UtcNow).AbsoluteUri, body, headers);
    }
}
