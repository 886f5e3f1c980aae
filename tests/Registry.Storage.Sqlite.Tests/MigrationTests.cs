using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Contracts;

namespace Registry.Storage.Sqlite.Tests;

/// <summary>Databases of older versions, with content: opening them migrates them.</summary>
public sealed class MigrationTests
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("group/b");
    private static readonly Tag Latest = Tag.Parse("latest");

    public static TheoryData<int> Versions => [.. OldSchema.Versions];

    public static TheoryData<int> VersionsWithTreeJournal => [.. OldSchema.Versions.Where(version => version <= OldSchema.WithTreeJournal)];

    [Fact]
    public void Every_older_version_is_tested() => Assert.Equal(Enumerable.Range(1, SqliteSchema.Version - 1), OldSchema.Versions);

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task An_older_database_keeps_its_content_and_gets_the_totals_of_it(int version)
    {
        await using var storage = await TestStorage.CreateAsync();
        var moved = await storage.PushImageAsync(A, "moved", "latest");
        var image = await storage.PushImageAsync(A, "app", "latest");
        var child = await storage.PushImageAsync(A, "child");
        var index = Samples.Index([Samples.Child(child)]);
        await storage.PutAsync(A, index, "multi");
        // The same blobs in a second repository are counted once in the bytes stored, and twice in the logical ones.
        await storage.PushImageAsync(B, "app", "1.0");
        await storage.PushBlobAsync(B, "without a manifest");
        // Blobs that a manifest mentions are not stored for that.
        await storage.PutAsync(B, Samples.Index([Samples.Child(moved)]), "sparse");
        var emptied = Samples.Repository("emptied");
        await storage.DeleteAsync(emptied, Samples.Digest(await storage.PushImageAsync(emptied, "gone", "latest")));
        var before = await storage.Storage.ReadTotalsAsync();
        Assert.Equal((6, 2, 4, 1), (before.Manifests, before.Repositories, before.Tags, before.Untagged));
        Assert.InRange(before.StoredBytes, 1, before.LogicalBytes - 1);

        await using var migrated = await ReopenAsync(storage, version);

        Assert.Equal(Recorded(before), await migrated.Storage.ReadTotalsAsync());
        Assert.Equal(image, await migrated.GetAsync(A, Latest));
        Assert.Equal(index, await migrated.GetAsync(A, Tag.Parse("multi")));
        Assert.Equal(image, await migrated.GetAsync(B, Tag.Parse("1.0")));
        Assert.Equal(moved, await migrated.GetAsync(A, Samples.Digest(moved)));
        Assert.True(await migrated.SeesBlobAsync(B, Samples.Digest("without a manifest")));

        // What changes from now on is counted as a new migration counts it.
        await migrated.PushImageAsync(B, "new", "latest");
        await migrated.DeleteAsync(A, Samples.Digest(image));
        await migrated.DeleteAsync(A, Samples.Digest(index));
        var after = await migrated.Storage.ReadTotalsAsync();
        Assert.Equal((5, 2, 3, 2), (after.Manifests, after.Repositories, after.Tags, after.Untagged));
        await using var again = await ReopenAsync(migrated, version);
        Assert.Equal(Recorded(after), await again.Storage.ReadTotalsAsync());

        // A version with a journal has recorded no changes.
        StorageTotals Recorded(StorageTotals totals) => version <= OldSchema.WithTreeJournal ? totals with { Changes = 0 } : totals;
    }

    // A process that was killed has left its journal.
    [Theory]
    [MemberData(nameof(VersionsWithTreeJournal))]
    public async Task What_the_tree_does_not_have_yet_is_written_after_the_migration(int version)
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        await storage.CloseAsync();
        var tree = Path.Combine(storage.Path, "repositories");
        var expected = FolderContent.List(tree);
        Directory.Delete(tree, recursive: true);
        OldSchema.Revert(storage.Paths.Database, OldSchema.WithTreeJournal);
        OldSchema.Execute(
            storage.Paths.Database,
            $"""
            INSERT INTO tree_journal (change, repository, tag, digest) VALUES
                (5, 'a', 'gone', '{Samples.Digest(image)}'),
                (1, 'a', NULL, '{Samples.Digest("app config")}'),
                (1, 'a', NULL, '{Samples.Digest("app layer")}'),
                (3, 'a', NULL, '{Samples.Digest(image)}'),
                (5, 'a', 'latest', '{Samples.Digest(image)}'),
                (6, 'a', 'gone', NULL);
            """);
        OldSchema.Revert(storage.Paths.Database, version, OldSchema.WithTreeJournal);

        await using var migrated = await TestStorage.CreateAsync(storage.Path);
        await migrated.CloseAsync();

        Assert.Equal(expected, FolderContent.List(tree));
        await using var again = await TestStorage.CreateAsync(storage.Path);
        var changes = await again.Storage.Changes.ReadAsync(0, 100);
        Assert.Equal(
            [(ChangeKind.TagSet, "gone"), (ChangeKind.ManifestAdded, null), (ChangeKind.TagSet, "latest"), (ChangeKind.TagRemoved, "gone")],
            changes.Select(change => (change.Kind, change.Tag?.Value)));
        Assert.All(changes, change => Assert.Equal(new ChangeOrigin { Source = ChangeSource.Unknown }, change.Origin));
        Assert.Equal(changes[^1].Sequence, await again.Storage.Changes.FindPositionAsync(ChangeConsumers.Tree));
    }

    // It kept its promises in memory, and each of them may have been about something that is idle.
    [Theory]
    [InlineData("DELETE FROM meta WHERE key = 'no trace'", 1)]
    [InlineData("UPDATE meta SET value = 0 WHERE key = 'stopped_cleanly'", 0)]
    [InlineData("INSERT INTO meta (key, value) VALUES ('promises_lost_at', 50)", 0)]
    public async Task After_an_earlier_program_was_killed_every_grace_period_begins_again(string traces, int expired)
    {
        const int Grace = 60;
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        var child = await storage.PushImageAsync(A, "child");
        await storage.DeleteAsync(A, await storage.PutAsync(A, Samples.Index([Samples.Child(child)])));
        await storage.CollectAfterAsync(Grace);
        await storage.CloseAsync();
        OldSchema.Revert(storage.Paths.Database, OldSchema.WithPromisesInMemory);
        OldSchema.Execute(storage.Paths.Database, traces);

        await using var migrated = await TestStorage.CreateAsync(storage.Path);

        var collected = await migrated.CollectAfterAsync(1);
        Assert.Equal(expired, collected.Links);
        Assert.Equal(expired == 0, await migrated.Storage.Metadata.FindManifestAsync(A, Samples.Digest(child)) is not null);
        Assert.Equal(expired == 1 ? (0, 0) : (1, 2), await migrated.CollectAfterAsync(Grace));
    }

    private static async Task<TestStorage> ReopenAsync(TestStorage storage, int version)
    {
        await storage.CloseAsync();
        OldSchema.Revert(storage.Paths.Database, version);
        return await TestStorage.CreateAsync(storage.Path);
    }
}
