using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Contracts.Changes;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteChangeFeedTests() : ChangeFeedContract(new SqliteEngine())
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly byte[] First = Samples.Image("config", [], note: "first");
    private static readonly byte[] Second = Samples.Image("config", [], note: "second");

    [Fact]
    public async Task Beyond_the_greatest_number_the_oldest_changes_go_and_those_of_the_current_tags_stay()
    {
        const int Max = 1000;
        await using var engine = new SqliteEngine();
        var feed = new SqliteChangeFeed(engine.Database, Max);
        var (kept, moved) = (Names("kept"), Names("moved"));
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await engine.Metadata.PutManifestAsync(Samples.Put(A, First, kept));
        for (var i = 0; i < 30; i++)
        {
            await engine.Metadata.PutManifestAsync(Samples.Put(A, i % 2 == 0 ? Second : First, moved));
        }

        var all = await feed.ReadAsync(0, 10_000);
        Assert.Equal(1 + 1 + 100 + 1 + 3000, all.Count);
        await feed.AcknowledgeAsync(ChangeConsumers.Tree, all[^1].Sequence);

        var left = await feed.ReadAsync(0, 10_000);
        Assert.Equal(kept, left.Take(100).Select(change => change.Tag!.Value.Value));
        Assert.Equal(all.TakeLast(left.Count - 100), left.Skip(100));
        Assert.InRange(left.Count, Max - 200, Max + 200);
        Assert.Equal(left.Count, (await engine.Database.ReadTotalsAsync()).Changes);

        static string[] Names(string name) => [.. Enumerable.Range(0, 100).Select(i => $"{name}{i}")];
    }

    [Fact]
    public async Task Changes_that_a_consumer_has_not_passed_stay_beyond_the_greatest_number()
    {
        await using var engine = new SqliteEngine();
        var feed = new SqliteChangeFeed(engine.Database, maxChanges: 8);
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        for (var i = 0; i < 10; i++)
        {
            await engine.Metadata.PutManifestAsync(Samples.Put(A, i % 2 == 0 ? Second : First, "moved"));
        }

        var all = await feed.ReadAsync(0, 100);
        await feed.AcknowledgeAsync(ChangeConsumers.Tree, all[4].Sequence);
        await feed.TrimAsync();
        Assert.Equal(all.Skip(4), await feed.ReadAsync(0, 100));
        Assert.InRange(await feed.FindLostAsync(), 0, all[4].Sequence);
    }

    [Fact]
    public async Task A_listener_is_told_before_the_mutation_is_answered()
    {
        await using var engine = new SqliteEngine();
        var told = 0;
        engine.Feed.Recorded += () => Interlocked.Increment(ref told);
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        Assert.Equal(1, Volatile.Read(ref told));
    }

    // As the tree on a disk without room: nobody pushes less for that.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_consumer_or_a_repository_that_is_too_far_behind_loses_the_oldest_changes(bool isHeld)
    {
        const int Max = 1000;
        await using var engine = new SqliteEngine();
        var feed = new SqliteChangeFeed(engine.Database, Max);
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await engine.Metadata.PutManifestAsync(Samples.Put(A, First, "v1"));
        for (var round = 0; round < 4; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 900).Select(i => engine.Metadata.LinkBlobAsync(A, Samples.Digest($"{round} {i}"), 1)));
            var end = (await feed.ReadAsync(0, 10_000))[^1].Sequence;
            if (isHeld)
            {
                await feed.AcknowledgeAsync(ChangeConsumers.Tree, end, new Dictionary<RepositoryName, long> { [A] = 1 });
            }

            await feed.TrimAsync();
            var left = await feed.ReadAsync(0, 10_000);
            Assert.InRange(left.Count, 900, Max + 3);
            var lost = await feed.FindLostAsync();
            Assert.Equal(Math.Max(0, end - Max), lost);
            Assert.All(left.Where(change => change.Kind == ChangeKind.BlobLinked), change => Assert.True(change.Sequence > lost));
        }

        // The history is no concern of the consumer.
        Assert.Equal([ChangeKind.ManifestAdded, ChangeKind.TagSet], (await feed.ReadAsync(0, 2)).Select(change => change.Kind));
    }
}
