using Registry.Core.Policies;
using Registry.Storage.Contracts;
using Registry.Testing.Engines;

namespace Registry.Storage.Postgres.Tests;

/// <summary>A crash of the server that loses what it need not keep.</summary>
public sealed class PositionsAfterCrashTests
{
    [Fact]
    public async Task A_position_that_was_read_is_not_given_to_another_change_after_a_crash()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed: apt-get install postgresql-15");

        // Commits that wait for no sync are lost, unless one that does comes after them.
        await using var server = await PostgresServer.StartAsync(isDurable: true, "wal_writer_delay=10s");
        var database = await PostgresDatabase.OpenAsync(new PostgresSettings { ConnectionString = server.ConnectionString, CountsTime = false });
        try
        {
            var metadata = new PostgresMetadataStore(database, TimeProvider.System, NoRules.Instance);
            var feed = new PostgresChangeFeed(database);
            Assert.Null(await metadata.LinkBlobAsync(Samples.Repository("a"), Samples.Digest("x"), 1));
            await Eventually.HoldsAsync(async () => (await feed.ReadAsync(0, 1)).Count > 0, "the change is read");
        }
        finally
        {
            await database.AbandonAsync();
        }

        await server.RestartAsync(isCrash: true, TimeSpan.Zero);

        Assert.Equal("1|1", await server.QueryAsync("SELECT count(*), count(position) FROM changes"));
    }
}
