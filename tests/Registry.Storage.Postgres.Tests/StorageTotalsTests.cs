using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage.Contracts;

namespace Registry.Storage.Postgres.Tests;

/// <summary>Totals of a storage that several nodes change and fold at the same time.</summary>
public sealed class StorageTotalsTests : IAsyncLifetime
{
    private static readonly RepositoryName[] Repositories = [.. "abc".Select(name => Samples.Repository($"{name}"))];
    private static readonly string[] Blobs = ["config", "layer", "base", "other"];

    private TestDatabase _database = null!;
    private Node[] _nodes = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _nodes = [await OpenAsync(), await OpenAsync()];
    }

    [Fact]
    public async Task They_are_exact_after_mutations_and_folds_at_the_same_time()
    {
        const int Callers = 8;
        const int Mutations = 60;
        var done = 0;
        var callers = Enumerable.Range(0, Callers).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            for (var i = 0; i < Mutations; i++)
            {
                await ChangeAsync(_nodes[seed % _nodes.Length], random);
                Interlocked.Increment(ref done);
            }
        })).ToList();
        var folds = _nodes.Select(node => Task.Run(async () =>
        {
            while (Volatile.Read(ref done) < Callers * Mutations && !callers.Any(caller => caller.IsFaulted))
            {
                await node.Database.FoldTotalsAsync();
            }
        }));
        await Task.WhenAll(callers.Concat(folds));

        await PushAsync(_nodes[0], Repositories[0], Blobs[0], "v1");
        var counted = await CountAsync();
        Assert.True(counted is { Blobs: > 1, StoredBytes: > 0, LogicalBytes: > 0, Manifests: > 0, Repositories: > 0, Tags: > 0, Changes: > Callers }, $"{counted}");
        Assert.Equal(counted, await _nodes[0].Database.ReadTotalsAsync());
        await _nodes[1].Database.FoldTotalsAsync();
        Assert.Equal(0L, await _database.RunAsync("SELECT count(*) FROM total_deltas"));
        Assert.Equal(counted, await _nodes[0].Database.ReadTotalsAsync());
    }

    [Fact]
    public async Task Content_that_two_nodes_store_for_the_first_time_at_once_counts_in_both_repositories()
    {
        // The content has a row without a size, so that neither push waits for the other to add it.
        var image = Samples.Image("late", [], note: "sparse");
        await PutAsync(_nodes[0], Samples.Put(Repositories[2], image).Requiring(ManifestReferences.Sparse));
        await PushAsync(_nodes[0], Repositories[0], "config", "v1");
        await PushAsync(_nodes[0], Repositories[1], "config", "v1");

        // The first push has stored the content, and waits to record its change.
        await _nodes[0].Database.PassFeedAsync();
        await using var connection = await _database.ConnectAsync();
        await using var stop = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("LOCK TABLE changes IN SHARE MODE", connection))
        {
            await command.ExecuteNonQueryAsync();
        }

        var first = _nodes[0].Metadata.LinkBlobAsync(Repositories[0], Samples.Digest("late"), 4);
        await _database.WaitForWaitersAsync(1);
        var second = _nodes[1].Metadata.LinkBlobAsync(Repositories[1], Samples.Digest("late"), 4);
        await _database.WaitForWaitersAsync(2);
        await stop.RollbackAsync();

        Assert.Null(await first);
        Assert.Null(await second);
        Assert.Equal(await CountAsync(), await _nodes[0].Database.ReadTotalsAsync());
    }

    [Fact]
    public async Task A_node_folds_them_by_itself_when_the_turn_is_free()
    {
        await Eventually.HoldsAsync(
            async () => await _database.RunAsync("SELECT work FROM turns") is "totals", "the first node has taken the turn");
        await PushAsync(_nodes[0], Repositories[0], "config", "v1");
        var before = await _nodes[0].Database.ReadTotalsAsync();
        Assert.NotEqual(0L, await _database.RunAsync("SELECT count(*) FROM total_deltas"));

        await _database.RunAsync("UPDATE turns SET begun_at = begun_at - interval '1 minute'");
        await using var third = await PostgresDatabase.OpenAsync(_database.Settings);

        await Eventually.HoldsAsync(async () => await _database.RunAsync("SELECT count(*) FROM total_deltas") is 0L, "a node has folded the totals");
        Assert.Equal(before, await third.ReadTotalsAsync());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.Database.DisposeAsync();
        }

        await _database.DisposeAsync();
    }

    private async Task<Node> OpenAsync()
    {
        // A change waits for others of the test, for as long as that takes on a busy machine.
        var database = await PostgresDatabase.OpenAsync(_database.Settings with { LockTimeout = Patience.Limit });
        var time = new FakeTimeProvider();
        return new Node(
            database,
            new PostgresMetadataStore(database, time, NoRules.Instance),
            new PostgresCollectorMetadata(database, time, NoRules.Instance),
            new PostgresVerifierMetadata(database));
    }

    private static async Task ChangeAsync(Node node, Random random)
    {
        var (repository, blob, tag) = (random.GetItems(Repositories, 1)[0], random.GetItems(Blobs, 1)[0], $"v{random.Next(3)}");
        var (digest, image) = (Samples.Digest(blob), Samples.Digest(Samples.Image(blob, [])));
        switch (random.Next(10))
        {
            case 0:
                await node.Metadata.MountBlobAsync(random.GetItems(Repositories, 1)[0], repository, digest);
                break;
            case 1:
                await node.Metadata.UnlinkBlobAsync(repository, digest);
                break;
            case 2:
                await node.Metadata.DeleteManifestAsync(repository, image, Precondition.None);
                break;
            case 3:
                await node.Metadata.DeleteManifestAsync(repository, Tag.Parse(tag), Precondition.None);
                break;
            case 4:
                await node.Collector.ExpireManifestsAsync(repository, [image], IdleTimes.Any, withRoots: true);
                await node.Collector.ExpireLinksAsync(IdleTimes.Any, 2);
                break;
            case 5:
                foreach (var orphan in await node.Collector.ListOrphansAsync(2))
                {
                    if (await node.Collector.CondemnAsync(orphan) is not null)
                    {
                        await node.Collector.ForgetAsync(orphan);
                    }
                }

                break;
            case 6:
                await node.Verifier.MarkLostAsync(digest);
                await node.Verifier.MarkFoundAsync(digest);
                break;
            default:
                await node.Metadata.LinkBlobAsync(repository, digest, blob.Length);
                await node.Metadata.PutManifestAsync(Samples.Put(repository, Samples.Image(blob, []), [.. new[] { tag }.Take(random.Next(2))]));
                break;
        }
    }

    private static async Task PushAsync(Node node, RepositoryName repository, string blob, string tag)
    {
        Assert.Null(await node.Metadata.LinkBlobAsync(repository, Samples.Digest(blob), blob.Length));
        await PutAsync(node, Samples.Put(repository, Samples.Image(blob, []), tag));
    }

    private static async Task PutAsync(Node node, ManifestPut put) => Assert.Null((await node.Metadata.PutManifestAsync(put)).Error);

    private async Task<StorageTotals> CountAsync()
    {
        await using var connection = await _database.ConnectAsync();
        await using var command = new NpgsqlCommand(
            """
            SELECT (SELECT count(*) FROM content WHERE state >= 1), (SELECT coalesce(sum(size), 0)::bigint FROM content WHERE state >= 1),
                (SELECT coalesce(sum(c.size), 0)::bigint FROM blob_links l JOIN content c ON c.id = l.content_id)
                    + (SELECT coalesce(sum(c.size), 0)::bigint FROM manifests m JOIN content c ON c.id = m.content_id),
                (SELECT count(*) FROM manifests), (SELECT count(*) FROM repositories r WHERE EXISTS (SELECT 1 FROM manifests WHERE repository_id = r.id)),
                (SELECT count(*) FROM tags), (SELECT count(*) FROM manifests WHERE idle_since IS NOT NULL),
                (SELECT count(*) FROM changes WHERE kind BETWEEN 3 AND 6 AND source <> 4)
            """,
            connection);
        await using var row = await command.ExecuteReaderAsync();
        Assert.True(await row.ReadAsync());
        return new StorageTotals(
            row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7));
    }

    private sealed record Node(PostgresDatabase Database, PostgresMetadataStore Metadata, PostgresCollectorMetadata Collector, PostgresVerifierMetadata Verifier);
}
