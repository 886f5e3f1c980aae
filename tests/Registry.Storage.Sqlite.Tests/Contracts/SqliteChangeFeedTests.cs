using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Contracts.Metadata;

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
        var feed = new SqliteChangeFeed(engine.Database, maxChanges: 1);
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        for (var i = 0; i < 10; i++)
        {
            await engine.Metadata.PutManifestAsync(Samples.Put(A, i % 2 == 0 ? Second : First, "moved"));
        }

        var all = await feed.ReadAsync(0, 100);
        await feed.AcknowledgeAsync(ChangeConsumers.Tree, all[4].Sequence);
        Assert.Equal(all.Skip(4), await feed.ReadAsync(0, 100));
    }
}
