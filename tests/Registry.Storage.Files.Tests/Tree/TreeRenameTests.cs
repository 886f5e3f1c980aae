using Microsoft.Extensions.Logging;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Tree;

namespace Registry.Storage.Files.Tests.Tree;

/// <summary>Renames of repositories in the tree, which follows them.</summary>
public class TreeRenameTests
{
    private static readonly RepositoryName A = Samples.Repository("team/a");
    private static readonly RepositoryName B = Samples.Repository("team/b");
    private static readonly RepositoryName Nested = Samples.Repository("team/a/nested");

    [Fact]
    public async Task The_tree_of_a_renamed_repository_is_the_one_that_it_had()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.PushImageAsync(A, "app 2", "latest");
        await storage.PushImageAsync(Nested, "app", "v1");
        await storage.CloseAsync();
        var before = Links(storage, "team/a").Where(link => !link.StartsWith("nested/", StringComparison.Ordinal)).ToList();
        var nested = Links(storage, "team/a/nested");

        await RenameAsync(storage.Path, A, B);

        Assert.NotEmpty(before);
        Assert.Equal(before, Links(storage, "team/b"));
        Assert.Equal(nested, Links(storage, "team/a/nested"));
        Assert.Equal(nested.Count, Links(storage, "team/a").Count);
        await RenameAsync(storage.Path, Nested, A);
        Assert.Equal(nested, Links(storage, "team/a"));
        Assert.False(Directory.Exists(Path.Combine(storage.Path, "repositories", "team", "a", "nested")));
    }

    [Fact]
    public async Task A_lost_database_is_indexed_under_the_new_names()
    {
        await using var storage = await TestStorage.CreateAsync();
        var first = await storage.PushImageAsync(A, "app", "latest");
        var second = await storage.PushImageAsync(B, "app 2", "latest");

        // In turn, so that both names are used again at once.
        var spare = Samples.Repository("spare");
        await RenameAsync(storage, A, spare);
        await RenameAsync(storage, B, A);
        await RenameAsync(storage, spare, B);
        var third = await storage.PushImageAsync(A, "app 3", "v3");
        await storage.DeleteAsync(A, Tag.Parse("latest"));
        await storage.CloseAsync();
        foreach (var file in Directory.EnumerateFiles(storage.Path, "registry.db*"))
        {
            File.Delete(file);
        }

        await using var indexed = await TestStorage.CreateAsync(storage.Path);
        await indexed.Indexer.RunAsync(default);
        Assert.Equal(first, await indexed.GetAsync(B, Tag.Parse("latest")));
        Assert.Equal(second, await indexed.GetAsync(A, Samples.Digest(second)));
        Assert.Equal(third, await indexed.GetAsync(A, Tag.Parse("v3")));
        Assert.Null(await indexed.GetAsync(A, Tag.Parse("latest")));
        Assert.Null(await indexed.GetAsync(A, Samples.Digest(first)));
        Assert.Equal([A, B], await indexed.Storage.Listing.ListRepositoriesAsync(null, 10));
    }

    // What a kill may leave, at each step of the rename, once the position before it was durable.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_rename_that_was_interrupted_is_finished_by_the_next_start(int moved)
    {
        await using var storage = await TestStorage.CreateAsync();
        var tree = storage.Paths.Repositories;
        var feed = new FaultyFeed { Position = 2 };
        feed.Add(A, "x");
        feed.Add(A, "y");
        feed.Rename(A, B);
        feed.Add(A, "z");
        foreach (var (blob, index) in new[] { "x", "y" }.Select((blob, index) => (Samples.Digest(blob), index)))
        {
            FolderContent.Write(blob.Value, Path.Combine(index < moved ? storage.Paths.Layer(B, blob) : storage.Paths.Layer(A, blob), "link"));
        }

        await using (var writer = new TreeWriter(
            storage.Paths, feed, storage.Storage.Listing, storage.Storage.Threads, storage.Time, storage.Loggers.CreateLogger<TreeWriter>()))
        {
            await Eventually.TrueAsync(() => feed.Durable.Count == 2);
        }

        Assert.Equal(
            new[] { (A, "z"), (B, "x"), (B, "y") }.Select(link => $"{link.Item1}/_layers/sha256/{Samples.Digest(link.Item2).Hex}/link = {Samples.Digest(link.Item2)}").Order(StringComparer.Ordinal),
            FolderContent.List(tree).Order(StringComparer.Ordinal));
    }

    // Otherwise a start could repeat it together with changes before or after it, under a name that another repository has by then.
    [Fact]
    public async Task The_position_is_durable_right_before_and_right_after_a_rename()
    {
        await using var storage = await TestStorage.CreateAsync();
        var feed = new FaultyFeed();
        feed.Add(A, "x");
        feed.Rename(A, B);
        feed.Rename(B, A);
        feed.Add(A, "y");
        await using (var writer = new TreeWriter(
            storage.Paths, feed, storage.Storage.Listing, storage.Storage.Threads, storage.Time, storage.Loggers.CreateLogger<TreeWriter>()))
        {
            await Eventually.TrueAsync(() => feed.Durable.Count == 4);
        }

        Assert.Equal([1, 2, 2, 3], feed.Durable);
        Assert.Equal(2, FolderContent.List(storage.Paths.Layers(A)).Count);
    }

    [Theory]
    [InlineData("team/a")]
    [InlineData("team/b")]
    public async Task A_rename_waits_for_both_of_its_names_and_later_changes_wait_for_it(string obstructed)
    {
        await using var storage = await TestStorage.CreateAsync();
        var obstacle = Path.Combine(storage.Paths.Repositories, obstructed, "_layers");
        FolderContent.Write("a file where a folder must go", obstacle);
        var feed = new FaultyFeed();
        feed.Add(Samples.Repository(obstructed), "x");
        feed.Rename(A, B);
        feed.Add(Nested, "later");
        await using var writer = new TreeWriter(
            storage.Paths, feed, storage.Storage.Listing, storage.Storage.Threads, storage.Time, storage.Loggers.CreateLogger<TreeWriter>());
        await Eventually.TrueAsync(() => writer.Failure?.StartsWith($"The rename of {A} to {B} waits for earlier changes of {obstructed}: ", StringComparison.Ordinal) == true);
        Assert.Empty(feed.Durable);
        Assert.DoesNotContain(FolderContent.List(storage.Paths.Repositories), link => link.Contains("nested", StringComparison.Ordinal));

        File.Delete(obstacle);
        await Eventually.TrueAsync(() =>
        {
            storage.Time.Advance(TimeSpan.FromSeconds(3));
            return writer.Failure is null && File.Exists(Path.Combine(storage.Paths.Layer(Nested, Samples.Digest("later")), "link"));
        });
        Assert.Single(FolderContent.List(storage.Paths.Layers(B)));
    }

    private static IReadOnlyList<string> Links(TestStorage storage, string repository) => FolderContent.List(Path.Combine(storage.Path, "repositories", repository));

    private static async Task RenameAsync(string path, RepositoryName from, RepositoryName to)
    {
        await using var storage = await TestStorage.CreateAsync(path);
        await RenameAsync(storage, from, to);
        await storage.CloseAsync();
    }

    private static async Task RenameAsync(TestStorage storage, RepositoryName from, RepositoryName to) =>
        Assert.Null(await storage.Core.Repositories.RenameAsync(from, to, _ => true, ContractOrigin.Request));
}
