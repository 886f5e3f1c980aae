using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Tree;

namespace Registry.Storage.Files.Tests.Tree;

/// <summary>A tree that was far behind, or had to leave changes to the next start.</summary>
public class TreeCatchUpTests
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");

    [Fact]
    public async Task Many_repositories_that_are_held_back_catch_up_in_one_pass()
    {
        const int Repositories = 40;
        await using var storage = await TestStorage.CreateAsync();
        var (tree, feed) = (storage.Paths.Repositories, new FaultyFeed());
        FolderContent.Write("a file where a folder must go", Path.Combine(tree, "team"));
        await using var writer = new TreeWriter(
            storage.Paths, feed, storage.Storage.Listing, storage.Storage.Threads, storage.Time, storage.Loggers.CreateLogger<TreeWriter>());
        for (var i = 0; i < 5 * Repositories; i++)
        {
            feed.Add(Samples.Repository($"team/r{i % Repositories}"), $"blob {i / Repositories}");
        }

        await Eventually.TrueAsync(() => writer.Failure?.Contains($"and {Repositories - 1} more", StringComparison.Ordinal) == true);
        File.Delete(Path.Combine(tree, "team"));
        await writer.DisposeAsync();

        Assert.Equal(5 * Repositories, FolderContent.List(tree).Count);
        Assert.InRange(feed.Passes, 1, 5);
    }

    [Fact]
    public async Task A_wait_for_the_tree_ends_when_it_has_all_that_was_recorded_before()
    {
        await using var storage = await TestStorage.CreateAsync();
        var tree = storage.Paths.Repositories;
        for (var i = 0; i < 20; i++)
        {
            await storage.PushImageAsync(Samples.Repository($"r{i}"), $"app {i}", "latest");
            await storage.Storage.Files!.CatchUpAsync(TestContext.Current.CancellationToken);
            // Links of the config, the layer, the manifest, and two of the tag.
            Assert.Equal(5, FolderContent.List(Path.Combine(tree, $"r{i}")).Count);
            Assert.True(storage.Storage.Staged.IsEmpty);
        }

        FolderContent.Write("a file where a folder must go", Path.Combine(tree, "team"));
        await storage.PushBlobAsync(Samples.Repository("team/app"), "blob");
        var behind = await Assert.ThrowsAsync<StorageException>(() => storage.Storage.Files!.CatchUpAsync(TestContext.Current.CancellationToken));
        Assert.Contains(Path.Combine(tree, "team"), behind.Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(tree, "team"));
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure is null);
        await storage.Storage.Files!.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.Single(FolderContent.List(Path.Combine(tree, "team/app")));
    }

    // The feed has lost changes by its age; the same holds for one that has lost them by their number.
    [Fact]
    public async Task A_repository_that_is_held_back_for_longer_than_its_changes_are_kept_is_written_whole()
    {
        await using var storage = await TestStorage.CreateAsync();
        var obstacle = Path.Combine(storage.Path, "repositories", "a");
        FolderContent.Write("a file where a folder must go", obstacle);
        await storage.PushImageAsync(A, "app", "latest");
        await storage.PushImageAsync(A, "app 2", "latest");
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure is not null);
        storage.Time.Advance(IChangeFeed.Retention + TimeSpan.FromDays(1));
        await storage.PushImageAsync(B, "app", "latest");
        await Eventually.HoldsAsync(async () => await storage.Storage.Changes.FindLostAsync() > 0, "changes are lost");
        Assert.NotNull(storage.Storage.Files!.TreeFailure);

        File.Delete(obstacle);
        await storage.PushBlobAsync(B, "another change wakes it");
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure is null);
        await storage.CloseAsync();
        Assert.Equal(9, FolderContent.List(obstacle).Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tree_that_is_further_behind_than_the_feed_goes_back_is_written_whole(bool isObstructed)
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.PushImageAsync(A, "app 2", "latest");
        await storage.PushImageAsync(B, "app", "latest");
        await storage.CloseAsync();
        var tree = Path.Combine(storage.Path, "repositories");
        var expected = FolderContent.List(tree);
        Directory.Delete(tree, recursive: true);
        Directory.CreateDirectory(tree);
        OldSchema.Execute(
            storage.Paths.Database,
            """
            UPDATE change_consumers SET position = 0;
            INSERT INTO meta (key, value) SELECT 'changes_overdue', MAX(sequence) FROM changes;
            DELETE FROM changes;
            """);
        var obstacle = Path.Combine(tree, "a");
        if (isObstructed)
        {
            FolderContent.Write("a file where a folder must go", obstacle);
            await using var obstructed = await TestStorage.CreateAsync(storage.Path);
            await Eventually.TrueAsync(() => obstructed.Storage.Files!.TreeFailure?.Contains(obstacle, StringComparison.Ordinal) == true);
            await obstructed.CloseAsync();
            Assert.Equal(expected.Where(link => link.StartsWith("b/", StringComparison.Ordinal)), FolderContent.List(Path.Combine(tree, "b")).Select(link => $"b/{link}"));
            File.Delete(obstacle);
        }

        await using (var again = await TestStorage.CreateAsync(storage.Path))
        {
            await again.PushBlobAsync(B, "app layer");
        }

        Assert.Equal(expected, FolderContent.List(tree));
        await using var last = await TestStorage.CreateAsync(storage.Path);
        await last.CloseAsync();
        Assert.DoesNotContain(last.Log.Entries, entry => entry.Message.Contains("no longer recorded", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stop_while_lost_changes_are_made_up_for_finishes_them(bool areHeldBack)
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.PushImageAsync(B, "app", "latest");
        var paths = new DataPaths(Path.Combine(storage.Path, "another"));
        Directory.CreateDirectory(paths.Repositories);
        var listing = new GatedListing(storage.Storage.Listing);
        var feed = areHeldBack
            ? new FaultyFeed { Lost = 10, Position = 20, Held = new Dictionary<RepositoryName, long> { [A] = 5, [B] = 5 } }
            : new FaultyFeed { Lost = 10 };
        var writer = new TreeWriter(paths, feed, listing, storage.Storage.Threads, storage.Time, storage.Loggers.CreateLogger<TreeWriter>());
        await listing.Asked;
        var stop = writer.DisposeAsync();
        listing.Open();
        await stop;

        Assert.Equal(5, FolderContent.List(Path.Combine(paths.Repositories, "a")).Count);
        Assert.Equal(5, FolderContent.List(Path.Combine(paths.Repositories, "b")).Count);
    }

    [Fact]
    public async Task Commits_that_keep_coming_keep_no_repository_from_being_tried_again()
    {
        await using var storage = await TestStorage.CreateAsync();
        var (tree, feed) = (storage.Paths.Repositories, new FaultyFeed());
        FolderContent.Write("a file where a folder must go", Path.Combine(tree, "a"));
        FolderContent.Write("a file where a folder must go", Path.Combine(tree, "b"));
        await using var writer = new TreeWriter(
            storage.Paths, feed, storage.Storage.Listing, storage.Storage.Threads, storage.Time, storage.Loggers.CreateLogger<TreeWriter>());
        feed.Add(A);
        feed.Add(B);
        await Eventually.TrueAsync(() => writer.Failure?.Contains("and 1 more", StringComparison.Ordinal) == true);
        File.Delete(Path.Combine(tree, "b"));

        await Eventually.TrueAsync(() =>
        {
            feed.Wake();
            storage.Time.Advance(TimeSpan.FromSeconds(2));
            return Directory.Exists(Path.Combine(tree, "b"));
        });
    }

    [Fact]
    public async Task While_the_tree_stands_still_the_feed_is_trimmed()
    {
        await using var storage = await TestStorage.CreateAsync();
        var feed = new FaultyFeed { Fault = new StorageException("no space left on device", isFull: true) };
        await using var writer = new TreeWriter(
            storage.Paths, feed, storage.Storage.Listing, storage.Storage.Threads, storage.Time, storage.Loggers.CreateLogger<TreeWriter>());
        await Eventually.TrueAsync(() => writer.Failure is not null);
        Assert.Equal(0, feed.Trims);
        storage.Time.Advance(TimeSpan.FromSeconds(30));
        feed.Wake();
        await Eventually.TrueAsync(() => feed.Trims == 1);
    }

    [Fact]
    public async Task A_stop_that_is_cut_short_leaves_the_rest_to_the_next_start()
    {
        await using var storage = await TestStorage.CreateAsync();
        var tree = Path.Combine(storage.Path, "repositories");
        FolderContent.Write("a file where a folder must go", Path.Combine(tree, "a"));
        await storage.PushImageAsync(A, "app", "latest");
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure is not null);

        await storage.Storage.FinishAsync(new CancellationToken(canceled: true));

        Assert.Contains(storage.Log.Entries, entry => entry.Message.Contains("cut short before the repositories tree", StringComparison.Ordinal));
        await storage.CloseAsync();
        Assert.Equal(3, storage.Storage.Files!.LeftStaged);
        File.Delete(Path.Combine(tree, "a"));
        await using (var again = await TestStorage.CreateAsync(storage.Path))
        {
            await again.CloseAsync();
            Assert.Equal(0, again.Storage.Files!.LeftStaged);
        }

        Assert.Equal(5, FolderContent.List(tree).Count);
    }
}
