using Microsoft.Data.Sqlite;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite.Tests;

/// <summary>Order in which the writer runs the changes that wait for it, after a heavy one that is in progress.</summary>
public sealed class WriteTurnTests : IAsyncDisposable
{
    private const int HeavyRows = 10_000;

    private static readonly RepositoryName A = RepositoryName.Parse("a");
    private static readonly RepositoryName B = RepositoryName.Parse("b");

    private readonly SqliteEngine _engine = new();
    private readonly ManualResetEventSlim _gate = new();
    private readonly List<string> _order = [];
    private readonly List<Task> _changes = [];

    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    public async Task A_light_change_waits_for_no_heavy_one_but_that_in_progress(string repository)
    {
        Hold();
        for (var i = 0; i < 8; i++)
        {
            Add($"heavy {i}", new WriteTurn(A, HeavyRows));
        }

        Add("light", new WriteTurn(RepositoryName.Parse(repository), 10));

        Assert.Equal(["light", "heavy 0", "heavy 1"], (await RunAsync())[..3]);
    }

    [Fact]
    public async Task A_heavy_change_does_not_wait_until_there_are_no_light_ones()
    {
        Hold();
        for (var i = 0; i < 2000; i++)
        {
            Add("light", new WriteTurn(B, 10));
        }

        Add("heavy", new WriteTurn(A, HeavyRows));

        Assert.InRange((await RunAsync()).IndexOf("heavy"), 1, 512);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(HeavyRows)]
    public async Task Repositories_take_turns(int rows)
    {
        Hold();
        foreach (var change in new[] { "a1", "a2", "a3", "b1", "c1", "c2" })
        {
            Add(change, new WriteTurn(RepositoryName.Parse(change[..1]), rows));
        }

        Assert.Equal(["a1", "b1", "c1", "a2", "c2", "a3"], await RunAsync());
    }

    [Fact]
    public async Task A_heavy_change_has_a_commit_of_its_own_and_light_ones_share_one()
    {
        Hold();
        var seen = new Dictionary<string, string>();
        foreach (var (name, rows) in new[] { ("heavy 1", HeavyRows), ("light 1", 10), ("light 2", 10), ("heavy 2", HeavyRows) })
        {
            _changes.Add(_engine.Database.WriteAsync(
                session =>
                {
                    seen.Add(name, string.Join(", ", Committed()));
                    SqliteDatabase.WriteMeta(session, name, 1);
                },
                new WriteTurn(A, rows)));
        }

        await RunAsync();

        Assert.Equal(
            [("light 1", ""), ("light 2", ""), ("heavy 1", "light 1, light 2"), ("heavy 2", "heavy 1, light 1, light 2")],
            seen.Select(change => (change.Key, change.Value)));
    }

    [Fact]
    public async Task A_push_with_many_references_is_heavy()
    {
        Hold();
        string[] names = ["large 1", "large 2", "small"];
        foreach (var name in names)
        {
            _changes.Add(_engine.Metadata.PutManifestAsync(Samples.Put(A, Index(name, name == "small" ? 3 : 1000))));
        }

        await RunAsync();

        var rows = new Dictionary<string, long?>();
        foreach (var name in names)
        {
            rows.Add(name, await _engine.Database.ReadAsync(session => session.Number(
                "SELECT m.id FROM manifests m JOIN content c ON c.id = m.content_id WHERE c.digest = @1",
                Samples.Digest(Index(name, name == "small" ? 3 : 1000)).Value)));
        }

        Assert.Equal(["small", "large 1", "large 2"], names.OrderBy(name => rows[name]));
    }

    [Fact]
    public async Task A_deletion_weighs_the_references_and_tags_of_its_manifest()
    {
        var index = Index("index", 1000);
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, index, "tag"));
        Assert.InRange(await WeighAsync(), 1001, 1010);

        await _engine.Metadata.PutManifestAsync(Samples.Put(A, index, "other"));
        Assert.InRange(await WeighAsync(), 1005, 1020);

        Task<long> WeighAsync() => _engine.Database.ReadAsync(session => ManifestWeight.CountHeld(session, A, Samples.Digest(index)));
    }

    [Fact]
    public async Task A_deletion_of_a_manifest_with_very_many_tags_takes_several_turns_and_names_all_of_them()
    {
        var index = Index("tagged", 1);
        var tags = Enumerable.Range(0, 1300).Select(i => $"tag-{i:d4}").ToArray();
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, index, tags));
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, Index("other", 1), "other"));

        var deleted = (await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(index), Precondition.None)).Value;

        Assert.Equal(tags, deleted.Tags.Select(tag => tag.Value).Order(StringComparer.Ordinal));
        Assert.Equal(["other"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, Samples.Digest(index)));
        Assert.Equal(tags.Length, await _engine.Database.ReadAsync(session => session.Number(
            "SELECT COUNT(*) FROM changes WHERE kind = @1", (long)ChangeKind.TagRemoved)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_manifest_that_very_many_tags_have_referred_to_is_removed_in_several_turns(bool isExpired)
    {
        var tags = Enumerable.Range(0, 1300).Select(i => $"tag-{i:d4}").ToArray();
        var (earlier, current) = (Index("earlier", 1), Index("current", 1));
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, earlier, tags));
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, current, tags));
        var commits = 0;
        _engine.Feed.Recorded += () => Interlocked.Increment(ref commits);

        if (isExpired)
        {
            var expired = await _engine.Collector.ExpireManifestsAsync(A, [Samples.Digest(earlier)], IdleTimes.Any, withRoots: true);
            Assert.Equal([Samples.Digest(earlier)], expired);
        }
        else
        {
            Assert.Empty((await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(earlier), Precondition.None)).Value.Tags);
        }

        Assert.Equal(4, commits);
        Assert.Equal(tags, (await _engine.Metadata.ListTagsAsync(A, null, 2000))!.Items);
        Assert.Equal(1300, await CountAsync("SELECT COUNT(*) FROM tag_history"));
        Assert.Equal(1300, await CountAsync("SELECT COUNT(*) FROM changes WHERE kind = 7"));
        Assert.Equal(1, await CountAsync("SELECT COUNT(*) FROM changes WHERE kind = 4"));
    }

    [Fact]
    public async Task Tags_with_a_long_history_are_removed_in_several_turns()
    {
        const int Manifests = 2200;
        await Task.WhenAll(Enumerable.Range(0, Manifests).Select(i => _engine.Metadata.PutManifestAsync(Samples.Put(A, Index($"{i}", 1), "latest", "stable"))));
        Assert.Equal(2 * Manifests, await CountAsync("SELECT COUNT(*) FROM tag_history"));
        var turns = 0;
        _engine.Rules.Tag = _ =>
        {
            turns++;
            return null;
        };

        await _engine.Metadata.DeleteManifestAsync(A, Tag.Parse("stable"), new Precondition { Match = [Samples.Digest("other").Value] });
        Assert.Equal((0, 2L * Manifests), (turns, await CountAsync("SELECT COUNT(*) FROM tag_history")));
        var deleted = (await _engine.Metadata.DeleteManifestAsync(A, Tag.Parse("stable"), Precondition.None)).Value;
        Assert.Equal((6, (long)Manifests), (turns, await CountAsync("SELECT COUNT(*) FROM tag_history")));

        deleted = (await _engine.Metadata.DeleteManifestAsync(A, deleted.Digest, Precondition.None)).Value;
        Assert.Equal(["latest"], deleted.Tags.Select(tag => tag.Value));
        Assert.Equal(0, await CountAsync("SELECT COUNT(*) FROM tag_history"));
    }

    [Fact]
    public async Task A_deletion_that_a_fault_stops_between_two_turns_names_the_tags_that_are_gone()
    {
        var index = Index("tagged", 1);
        var tags = Enumerable.Range(0, 1300).Select(i => $"tag-{i:d4}").ToArray();
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, index, tags));
        var asked = 0;
        _engine.Rules.Tag = _ => ++asked > 1300 + 500 ? throw new StorageException("the disk is broken") : null;

        var deleted = (await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(index), Precondition.None)).Value;

        Assert.Equal("the disk is broken", Assert.IsType<StorageException>(deleted.Fault).Message);
        Assert.Equal((500, null), (deleted.Tags.Count, deleted.Size));
        var left = (await _engine.Metadata.ListTagsAsync(A, null, 2000))!.Items;
        Assert.Equal(tags, left.Concat(deleted.Tags.Select(tag => tag.Value)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_deletion_whose_precondition_fails_removes_no_tag()
    {
        var index = Index("tagged", 1);
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, index, [.. Enumerable.Range(0, 600).Select(i => $"tag-{i}")]));

        var refused = await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(index), new Precondition { Match = [Samples.Digest("other").Value] });

        Assert.Equal(RegistryErrorCode.PreconditionFailed, refused.Error?.Code);
        Assert.Equal(600, (await _engine.Metadata.ListTagsAsync(A, null, 1000))!.Items.Count);
    }

    [Fact]
    public async Task A_rule_that_protects_one_of_very_many_tags_keeps_all_of_them()
    {
        var index = Index("tagged", 1);
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, index, [.. Enumerable.Range(0, 1300).Select(i => $"tag-{i:d4}")]));
        _engine.Rules.Tag = change => change.Tag.Value == "tag-0900" ? new RegistryError(RegistryErrorCode.Denied) : null;

        var refused = await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(index), Precondition.None);

        Assert.Equal(RegistryErrorCode.Denied, refused.Error?.Code);
        Assert.Equal(1300, (await _engine.Metadata.ListTagsAsync(A, null, 2000))!.Items.Count);
    }

    [Fact]
    public async Task A_deletion_that_a_rule_stops_between_two_turns_names_the_tags_that_are_gone()
    {
        var index = Index("tagged", 1);
        var tags = Enumerable.Range(0, 1300).Select(i => $"tag-{i:d4}").ToArray();
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, index, tags));
        var asked = 0;

        // The rule changes after all tags were checked and the first of them are deleted.
        _engine.Rules.Tag = _ => ++asked > 1300 + 500 ? new RegistryError(RegistryErrorCode.Denied) : null;
        var deleted = (await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(index), Precondition.None)).Value;

        Assert.Equal(RegistryErrorCode.Denied, deleted.Stopped?.Code);
        Assert.Equal((500, null), (deleted.Tags.Count, deleted.Size));
        var left = (await _engine.Metadata.ListTagsAsync(A, null, 2000))!.Items;
        Assert.Equal(tags, left.Concat(deleted.Tags.Select(tag => tag.Value)).Order(StringComparer.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        _gate.Set();
        await _engine.DisposeAsync();
        _gate.Dispose();
    }

    private async Task<long> CountAsync(string sql) => await _engine.Database.ReadAsync(session => session.Number(sql)) ?? 0;

    private static byte[] Index(string name, int children) =>
        Samples.Index(Enumerable.Range(0, children).Select(i => Samples.Child(Samples.Text($"{name} {i}"))));

    // Occupies the writer until all changes wait.
    private void Hold()
    {
        using var begun = new ManualResetEventSlim();
        _changes.Add(_engine.Database.WriteAsync(
            _ =>
            {
                begun.Set();
                Assert.True(_gate.Wait(Patience.Limit));
            },
            new WriteTurn(A, HeavyRows)));
        Assert.True(begun.Wait(Patience.Limit));
    }

    private void Add(string name, WriteTurn turn) => _changes.Add(_engine.Database.WriteAsync(_ => _order.Add(name), turn));

    private async Task<List<string>> RunAsync()
    {
        _gate.Set();
        await Task.WhenAll(_changes).WaitAsync(Patience.Limit);
        return _order;
    }

    // The names of the changes that other connections see.
    private List<string> Committed()
    {
        using var connection = new SqliteConnection($"Data Source={_engine.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT key FROM meta WHERE key LIKE '% %' ORDER BY key";
        using var reader = command.ExecuteReader();
        var names = new List<string>();
        while (reader.Read())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
