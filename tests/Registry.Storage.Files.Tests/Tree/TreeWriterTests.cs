using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Tree;
using Registry.Storage.Sqlite;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Files.Tests.Tree;

public class TreeWriterTests
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");

    [Fact]
    public async Task After_an_unclean_stop_the_changes_are_made_again()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.PushImageAsync(A, "app 2", "latest");
        var tree = Path.Combine(storage.Path, "repositories");
        storage.Storage.Health.Fail("killed");
        await storage.CloseAsync();
        var expected = FolderContent.List(tree);
        Assert.Equal(9, expected.Count);

        // The position of a process that was killed is still at the beginning when its tree is already complete, and when nothing of it is.
        await AssertReplayedAsync(storage, expected, () => { });
        await AssertReplayedAsync(storage, expected, () => Directory.Delete(tree, recursive: true));
    }

    [Fact]
    public async Task Everything_can_be_done_twice_deletions_included()
    {
        await using var storage = await TestStorage.CreateAsync();
        var first = await storage.PushImageAsync(A, "app", "latest");
        await storage.PutAsync(A, first, "v1");
        var second = await storage.PushImageAsync(A, "app 2", "latest");
        await storage.DeleteAsync(A, Samples.Digest(first));
        await storage.DeleteAsync(A, Tag.Parse("latest"));
        await storage.PutAsync(A, second, "v1");
        await storage.PushBlobAsync(A, "unneeded");
        Assert.Null((await storage.Blobs.DeleteAsync(A, Samples.Digest("unneeded"))).Error);
        await storage.ReopenAsync(cleanly: false);
        await storage.ReopenAsync(cleanly: false);
        await storage.CloseAsync();
        Assert.Equal(
            new[]
            {
                Layer("app config"), Layer("app layer"), Layer("app 2 config"), Layer("app 2 layer"),
                $"a/_manifests/revisions/{Link(second)}", $"a/_manifests/tags/v1/index/{Link(second)}",
                $"a/_manifests/tags/v1/current/link = {Samples.Digest(second)}",
            }.Order(StringComparer.Ordinal),
            FolderContent.List(Path.Combine(storage.Path, "repositories")));

        static string Layer(string content) => $"a/_layers/{Link(Samples.Text(content))}";
    }

    [Fact]
    public async Task After_a_clean_stop_nothing_is_left_to_do()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.CloseAsync();
        Assert.Empty(await ReadLeftAsync(storage));
    }

    [Fact]
    public async Task A_tree_that_cannot_be_written_fails_no_request_and_catches_up()
    {
        await using var storage = await TestStorage.CreateAsync();
        var obstacle = Path.Combine(storage.Path, "repositories", "a");
        FolderContent.Write("a file where a folder must go", obstacle);
        var image = await storage.PushImageAsync(A, "app", "latest");
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure is not null);
        Assert.Contains(obstacle, storage.Storage.Files!.TreeFailure, StringComparison.Ordinal);
        Assert.Equal(image, await storage.GetAsync(A, Tag.Parse("latest")));
        Assert.Null(storage.Storage.Health.Failure);

        File.Delete(obstacle);
        await storage.PushBlobAsync(B, "another change wakes it");
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure is null);
        Assert.Single(storage.Log.Entries, entry => entry.Level == LogLevel.Error && entry.Message.Contains("behind the metadata", StringComparison.Ordinal));
        await storage.CloseAsync();
        Assert.Equal(6, FolderContent.List(Path.Combine(storage.Path, "repositories")).Count);
    }

    [Fact]
    public async Task A_repository_that_cannot_be_written_holds_up_no_other_and_loses_nothing()
    {
        await using var storage = await TestStorage.CreateAsync();
        var obstacle = Path.Combine(storage.Path, "repositories", "a");
        FolderContent.Write("a file where a folder must go", obstacle);
        await storage.PushImageAsync(A, "app", "latest");
        await storage.PushImageAsync(B, "app", "latest");
        await storage.DeleteAsync(A, Tag.Parse("latest"));
        await storage.PushImageAsync(B, "app 2", "latest");
        Assert.Null((await storage.Blobs.DeleteAsync(A, await storage.PushBlobAsync(A, "unneeded"))).Error);
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure?.Contains(obstacle, StringComparison.Ordinal) == true);
        await storage.CloseAsync();
        var b = Path.Combine(storage.Path, "repositories", "b");
        Assert.Equal(9, FolderContent.List(b).Count);
        var left = await ReadLeftAsync(storage);
        Assert.All(left, change => Assert.Equal(A, change.Repository));
        Assert.Equal(7, left.Count);
        Assert.DoesNotContain(await ReadAllAsync(storage), change => change.Repository == B && change.Kind == ChangeKind.BlobLinked);

        // What the tree has of other repositories is not written again, however often the registry starts.
        Directory.Delete(b, recursive: true);
        foreach (var isKilled in new[] { false, true })
        {
            await using var again = await TestStorage.CreateAsync(storage.Path);
            await Eventually.TrueAsync(() => again.Storage.Files!.TreeFailure?.Contains(obstacle, StringComparison.Ordinal) == true);
            if (isKilled)
            {
                again.Storage.Health.Fail("killed");
            }

            await again.CloseAsync();
        }

        Assert.False(Directory.Exists(b));
        Assert.Equal(left, await ReadLeftAsync(storage));

        File.Delete(obstacle);
        await using (var again = await TestStorage.CreateAsync(storage.Path))
        {
            await Eventually.TrueAsync(() => Directory.Exists(Path.Combine(obstacle, "_manifests", "revisions")));
        }

        Assert.Equal(3, FolderContent.List(obstacle).Count);
        Assert.Empty(await ReadLeftAsync(storage));
        Assert.DoesNotContain(await ReadAllAsync(storage), change => change.Kind is ChangeKind.BlobLinked or ChangeKind.BlobUnlinked);
    }

    [Fact]
    public async Task An_unknown_kind_of_change_holds_up_its_repository_only()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.CloseAsync();
        using (var database = OpenDatabase(storage))
        {
            var change = new ChangeContext { Origin = ContractOrigin.Request, Now = 0, Time = DateTimeOffset.UnixEpoch };
            await database.WriteAsync(session => ChangeRows.Append(session, change, (ChangeKind)99, 1, A, Samples.Digest("x")));
        }

        await using var again = await TestStorage.CreateAsync(storage.Path);
        await again.PushImageAsync(B, "app", "latest");
        await Eventually.TrueAsync(() => again.Storage.Files!.TreeFailure is not null);
        Assert.Contains("unknown kind", again.Storage.Files!.TreeFailure, StringComparison.Ordinal);
        await again.CloseAsync();
        Assert.Equal(5, FolderContent.List(Path.Combine(storage.Path, "repositories")).Count);
        Assert.Single(await ReadLeftAsync(storage), change => change.Repository == A);
    }

    [Fact]
    public async Task A_repository_that_is_held_back_catches_up_with_all_it_has_missed()
    {
        const int Blobs = 700;
        await using var storage = await TestStorage.CreateAsync();
        var obstacle = Path.Combine(storage.Path, "repositories", "a");
        FolderContent.Write("a file where a folder must go", obstacle);
        await Task.WhenAll(Enumerable.Range(0, Blobs).SelectMany(
            i => new[] { A, B }.Select(repository => storage.Storage.Metadata.LinkBlobAsync(repository, Samples.Digest($"{i}"), 1))));
        await storage.PushImageAsync(A, "app", "latest");
        Assert.Null((await storage.Blobs.DeleteAsync(A, Samples.Digest("1"))).Error);
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure is not null);
        File.Delete(obstacle);
        await storage.PushBlobAsync(B, "another change wakes it");
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure is null);
        await storage.CloseAsync();
        Assert.Equal(Blobs - 1 + 5, FolderContent.List(obstacle).Count);
        Assert.Equal(Blobs + 1, FolderContent.List(Path.Combine(storage.Path, "repositories", "b")).Count);
        Assert.Empty(await ReadLeftAsync(storage));
    }

    [Fact]
    public async Task It_continues_after_an_unexpected_fault()
    {
        await using var storage = await TestStorage.CreateAsync();
        var feed = new FaultyFeed { Fault = new InvalidOperationException("a mistake") };
        var log = storage.Loggers.CreateLogger<TreeWriter>();
        await using var writer = new TreeWriter(storage.Paths, feed, storage.Storage.Listing, storage.Storage.Threads, storage.Time, log);
        await Eventually.TrueAsync(() => writer.Failure is not null);
        Assert.Contains("InvalidOperationException: a mistake", writer.Failure, StringComparison.Ordinal);
        feed.Fault = null;
        feed.Add(B);
        await Eventually.TrueAsync(() => writer.Failure is null);
        Assert.Single(FolderContent.List(storage.Paths.Repositories));
    }

    [Fact]
    public async Task After_a_sync_that_failed_everything_is_written_again()
    {
        await using var storage = await TestStorage.CreateAsync();
        var tree = storage.Paths.Repositories;
        var feed = new FaultyFeed();
        var log = storage.Loggers.CreateLogger<TreeWriter>();
        await using var writer = new TreeWriter(storage.Paths, feed, storage.Storage.Listing, storage.Storage.Threads, storage.Time, log);
        feed.Add(A);

        // With its content: until then the writer may create the folder again.
        await Eventually.TrueAsync(() => FolderContent.List(tree) is [var link] && link.EndsWith(Samples.Digest("x").Value, StringComparison.Ordinal));

        // What cannot be opened cannot be synced.
        Directory.Delete(tree, recursive: true);
        FolderContent.Write("a file", tree);
        storage.Time.Advance(TimeSpan.FromSeconds(30));
        feed.Wake();
        await Eventually.TrueAsync(() => writer.Failure is not null);
        Assert.Equal(0, await feed.FindPositionAsync(ChangeConsumers.Tree));

        File.Delete(tree);
        Directory.CreateDirectory(tree);
        feed.Wake();
        await Eventually.TrueAsync(() => feed.IsPassed);
        Assert.Single(FolderContent.List(tree));
    }

    [Fact]
    public async Task A_commit_may_wake_it_after_it_has_stopped()
    {
        await using var storage = await TestStorage.CreateAsync();
        var feed = new FaultyFeed();
        Action wake;
        await using (new TreeWriter(storage.Paths, feed, storage.Storage.Listing, storage.Storage.Threads, storage.Time, storage.Loggers.CreateLogger<TreeWriter>()))
        {
            wake = feed.Handlers!;
            feed.Add(A);
            await Eventually.TrueAsync(() => FolderContent.List(storage.Paths.Repositories).Count == 1);
        }

        Assert.Null(feed.Handlers);
        wake();
    }

    [Fact]
    public async Task What_could_not_be_written_before_the_stop_is_written_after_the_next_start()
    {
        await using var storage = await TestStorage.CreateAsync();
        var obstacle = Path.Combine(storage.Path, "repositories", "a");
        FolderContent.Write("a file where a folder must go", obstacle);
        await storage.PushImageAsync(A, "app", "latest");
        await storage.CloseAsync();
        Assert.NotEmpty(await ReadLeftAsync(storage));

        File.Delete(obstacle);
        await using (var again = await TestStorage.CreateAsync(storage.Path))
        {
            await again.CloseAsync();
        }

        Assert.Equal(5, FolderContent.List(Path.Combine(storage.Path, "repositories")).Count);
        Assert.Empty(await ReadLeftAsync(storage));
    }

    [Fact]
    public async Task Many_changes_at_once_all_reach_the_tree()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "config");
        await Task.WhenAll(Enumerable.Range(0, 700).Select(i => Task.Run(
            () => storage.Storage.Metadata.MountBlobAsync(A, Samples.Repository($"r{i % 7}/x{i}"), Samples.Digest("config")))));
        await storage.CloseAsync();
        Assert.Equal(701, FolderContent.List(Path.Combine(storage.Path, "repositories")).Count);
        Assert.Empty(await ReadLeftAsync(storage));
    }

    private static string Link(byte[] content)
    {
        var digest = Samples.Digest(content);
        return $"sha256/{digest.Hex}/link = {digest}";
    }

    // The folder as a process that was killed leaves it: a position in the feed, and a tree in some state.
    private static async Task AssertReplayedAsync(TestStorage storage, IReadOnlyList<string> expected, Action damage)
    {
        damage();
        await using var again = await TestStorage.CreateAsync(storage.Path);
        again.Storage.Health.Fail("killed");
        await again.CloseAsync();
        Assert.Equal(expected, FolderContent.List(Path.Combine(storage.Path, "repositories")));
    }

    // The changes that the tree does not have, or not durably.
    private static async Task<IReadOnlyList<RegistryChange>> ReadLeftAsync(TestStorage storage)
    {
        using var database = OpenDatabase(storage);
        var feed = new SqliteChangeFeed(database);
        var position = await feed.FindPositionAsync(ChangeConsumers.Tree);
        var held = await feed.FindHeldAsync(ChangeConsumers.Tree);
        return [.. (await feed.ReadAsync(0, 10_000)).Where(
            change => change.Sequence > (held.TryGetValue(change.Repository, out var passed) ? passed : position))];
    }

    private static async Task<IReadOnlyList<RegistryChange>> ReadAllAsync(TestStorage storage)
    {
        using var database = OpenDatabase(storage);
        return await new SqliteChangeFeed(database).ReadAsync(0, 10_000);
    }

    private static SqliteDatabase OpenDatabase(TestStorage storage) => SqliteDatabase.Open(
        Path.Combine(storage.Path, "registry.db"),
        new StorageHealth(NullLogger<StorageHealth>.Instance),
        TimeProvider.System);
}
