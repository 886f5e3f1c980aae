using Registry.Testing.Engines;

namespace Registry.Storage.Postgres.Tests.Nodes;

/// <summary>Nodes whose pools are larger than what the server has for them.</summary>
public sealed class ConnectionShortageTests
{
    [Fact]
    public async Task A_node_tells_when_all_of_them_may_open_more_connections_than_the_server_has()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed: apt-get install postgresql-15");
        await using var server = await PostgresServer.StartAsync(isDurable: false, "max_connections=20", "superuser_reserved_connections=4");
        var settings = new PostgresSettings { ConnectionString = server.ConnectionString, CountsTime = false };
        await using (var first = await PostgresDatabase.OpenAsync(settings))
        {
            Assert.Null(await first.DescribeShortageAsync());
            await using (var second = await PostgresDatabase.OpenAsync(settings))
            {
                const string Expected =
                    "2 nodes need up to 32 connections to PostgreSQL (16 each), which has 16 for them (max_connections = 20, of which 4 are reserved): raise max_connections to 36, or lower the pool size of each node to 8.";
                Assert.Equal(Expected, await first.DescribeShortageAsync());
                Assert.Equal(Expected, await second.DescribeShortageAsync());
            }

            Assert.Null(await first.DescribeShortageAsync());
        }

        // A node that was killed counts until its lease has ended.
        await using var large = await PostgresDatabase.OpenAsync(settings with { PoolSize = 100 });
        await server.QueryAsync("INSERT INTO processes (id, alive_until) VALUES (gen_random_uuid(), now() - interval '1 second')");
        Assert.StartsWith("1 node needs up to 100 connections ", await large.DescribeShortageAsync(), StringComparison.Ordinal);
        await server.QueryAsync("UPDATE processes SET alive_until = now() + interval '1 hour'");
        Assert.StartsWith("2 nodes need up to 200 connections ", await large.DescribeShortageAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 17, 20, 3, null)]
    [InlineData(1, 18, 20, 3, "1 node needs up to 18 connections to PostgreSQL (18 each), which has 17 for them (max_connections = 20, of which 3 are reserved): raise max_connections to 21, or lower the pool size of each node to 17.")]
    [InlineData(9, 2, 20, 3, "9 nodes need up to 18 connections to PostgreSQL (2 each), which has 17 for them (max_connections = 20, of which 3 are reserved): raise max_connections to 21.")]
    public void The_sentence_has_the_numbers_and_what_to_change(long nodes, int poolSize, long max, long reserved, string? expected) =>
        Assert.Equal(expected, new Postgres.Nodes.ConnectionDemand(nodes, poolSize, max, reserved).Describe());
}
