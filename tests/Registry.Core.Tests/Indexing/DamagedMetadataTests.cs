using Microsoft.Extensions.Logging;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Files;

namespace Registry.Core.Tests.Indexing;

/// <summary>Files of the metadata that are truncated, overwritten or removed: the losses from each, and their limits.</summary>
public class DamagedMetadataTests
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");

    public static TheoryData<string> Damages => new("empty", "garbage", "cut", "another digest", "removed", "a folder");

    // Everything is answered from the database, and the tree is written over.
    [Theory]
    [MemberData(nameof(Damages))]
    public async Task A_running_registry_goes_on_whatever_happens_to_each_link(string damage)
    {
        await using var storage = await CreateAsync();
        var links = Links(storage.Path);
        Assert.Equal(15, links.Count);
        foreach (var link in links)
        {
            Damage(link, damage);
        }

        await AssertWholeAsync(storage, ["v1", "v2"]);
        await storage.PushImageAsync(A, "next", "v2");
        await storage.DeleteAsync(A, Tag.Parse("v1"));
        await storage.DeleteAsync(A, Samples.Digest(Image("one")));
        await storage.CollectAfterAsync(1000);
        await storage.ReopenAsync();
        Assert.Equal(["v2"], await TagsAsync(storage, A));
        Assert.NotNull(await storage.GetAsync(B, Tag.Parse("latest")));
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Indexing_loses_a_tag_with_its_link_and_nothing_else(string damage)
    {
        await using var storage = await CreateAsync();
        await storage.CloseAsync();
        LoseDatabase(storage.Path);
        Damage(new DataPaths(storage.Path).TagCurrent(A, Tag.Parse("v1")) + "/link", damage);

        await using var indexed = await TestStorage.CreateAsync(storage.Path);

        await AssertWholeAsync(indexed, ["v2"]);
        Assert.Contains(indexed.Log.Entries, entry => entry.Level == LogLevel.Warning && entry.Message.Contains("v1", StringComparison.Ordinal));
    }

    // The name of the folder says what the link should.
    [Theory]
    [InlineData("empty")]
    [InlineData("garbage")]
    [InlineData("cut")]
    [InlineData("another digest")]
    public async Task Indexing_reads_the_links_of_manifests_and_layers_by_their_folders(string damage)
    {
        await using var storage = await CreateAsync();
        await storage.CloseAsync();
        LoseDatabase(storage.Path);
        foreach (var link in Links(storage.Path).Where(link => !link.Contains("current", StringComparison.Ordinal)))
        {
            Damage(link, damage);
        }

        await using var indexed = await TestStorage.CreateAsync(storage.Path);

        await AssertWholeAsync(indexed, ["v1", "v2"]);
    }

    [Fact]
    public async Task Indexing_without_the_link_of_a_layer_or_manifest_loses_that_one()
    {
        await using var storage = await CreateAsync();
        await storage.CloseAsync();
        LoseDatabase(storage.Path);
        var paths = new DataPaths(storage.Path);
        File.Delete(Path.Combine(paths.Layer(A, Samples.Digest("one layer")), DataPaths.LinkFile));
        File.Delete(Path.Combine(paths.Revision(A, Samples.Digest(Image("two"))), DataPaths.LinkFile));

        await using var indexed = await TestStorage.CreateAsync(storage.Path);

        Assert.Equal(["v1"], await TagsAsync(indexed, A));
        Assert.Equal(Image("one"), await indexed.GetAsync(A, Tag.Parse("v1")));
        Assert.False(await indexed.SeesBlobAsync(A, Samples.Digest("one layer")));
        Assert.True(await indexed.SeesBlobAsync(A, Samples.Digest("two layer")));
        Assert.NotNull(await indexed.GetAsync(B, Tag.Parse("latest")));
        await indexed.PushImageAsync(A, "one", "v1");
        await indexed.PushImageAsync(A, "two", "v2");
        await AssertWholeAsync(indexed, ["v1", "v2"]);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(4096)]
    [InlineData(20_000)]
    [InlineData(-4096)]
    public async Task A_database_that_is_cut_off_is_refused_with_what_to_do(int length)
    {
        await using var storage = await CreateAsync();
        await storage.CloseAsync();
        var database = new DataPaths(storage.Path).Database;
        using (var file = File.OpenWrite(database))
        {
            file.SetLength(length < 0 ? file.Length + length : length);
        }

        AssertRefused(storage.Path);
        await AssertRebuiltAsync(storage.Path);
    }

    [Fact]
    public async Task A_database_that_is_garbage_is_refused_with_what_to_do()
    {
        await using var storage = await CreateAsync();
        await storage.CloseAsync();
        await File.WriteAllBytesAsync(new DataPaths(storage.Path).Database, Samples.Bytes(1, 50_000));

        AssertRefused(storage.Path);
        await AssertRebuiltAsync(storage.Path);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_database_that_is_empty_or_gone_is_begun_again_from_the_tree(bool isEmpty)
    {
        await using var storage = await CreateAsync();
        await storage.CloseAsync();
        LoseDatabase(storage.Path);
        if (isEmpty)
        {
            FolderContent.Write([], storage.Path, "registry.db");
        }

        await using var again = await TestStorage.CreateAsync(storage.Path);
        await AssertWholeAsync(again, ["v1", "v2"]);
    }

    // What was committed since the database file was written last is in the log alone, and in the tree.
    [Fact]
    public async Task A_database_whose_log_is_gone_knows_less_and_reindexing_brings_it_back()
    {
        await using var storage = await CreateAsync();
        await storage.ReopenAsync();
        await storage.PushImageAsync(A, "later", "later");
        await storage.WriteOutAsync();
        await Eventually.TrueAsync(() => File.Exists(new DataPaths(storage.Path).TagCurrent(A, Tag.Parse("later")) + "/link"));
        using var copy = new Registry.Testing.TemporaryFolder();
        foreach (var file in Directory.EnumerateFiles(storage.Path, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(storage.Path, file);
            if (relative is not ("registry.db-wal" or "registry.db-shm" or "registry.lock"))
            {
                FolderContent.Write(await File.ReadAllBytesAsync(file), copy.Path, relative);
            }
        }

        await using (var killed = await TestStorage.CreateAsync(copy.Path))
        {
            await AssertWholeAsync(killed, ["v1", "v2"]);
            await killed.CollectAfterAsync(1000);
        }

        LoseDatabase(copy.Path);
        await using var again = await TestStorage.CreateAsync(copy.Path);
        await AssertWholeAsync(again, ["later", "v1", "v2"]);
        Assert.NotNull(await again.GetAsync(A, Tag.Parse("later")));
    }

    private static async Task<TestStorage> CreateAsync()
    {
        var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "one", "v1");
        await storage.PushImageAsync(A, "two", "v2");
        await storage.PushImageAsync(B, "one", "latest");

        // So that the database has pages to lose.
        for (var i = 0; i < 100; i++)
        {
            await storage.Storage.Metadata.LinkBlobAsync(Samples.Repository("many"), Samples.Digest($"blob {i}"), i);
        }

        await Eventually.TrueAsync(() => Directory.Exists(new DataPaths(storage.Path).Layer(Samples.Repository("many"), Samples.Digest("blob 99"))));
        return storage;
    }

    private static byte[] Image(string name) => Samples.Image($"{name} config", [Samples.Layer($"{name} layer")]);

    private static List<string> Links(string path) =>
        [.. new[] { A, B }.SelectMany(name =>
            Directory.EnumerateFiles(new DataPaths(path).Repository(name), DataPaths.LinkFile, SearchOption.AllDirectories))];

    private static async Task<IReadOnlyList<string>> TagsAsync(TestStorage storage, RepositoryName repository) =>
        (await storage.Storage.Metadata.ListTagsAsync(repository, null, 100))!.Items;

    private static async Task AssertWholeAsync(TestStorage storage, string[] tags)
    {
        Assert.Equal(tags, await TagsAsync(storage, A));
        Assert.Equal(["latest"], await TagsAsync(storage, B));
        Assert.Contains("a", (await storage.Storage.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
        foreach (var name in new[] { "one", "two" })
        {
            Assert.Equal(Image(name), await storage.GetAsync(A, Samples.Digest(Image(name))));
            Assert.True(await storage.SeesBlobAsync(A, Samples.Digest($"{name} config")));
            Assert.True(await storage.SeesBlobAsync(A, Samples.Digest($"{name} layer")));
        }

        Assert.Equal(Image("two"), await storage.GetAsync(A, Tag.Parse("v2")));
        Assert.Equal(Image("one"), await storage.GetAsync(B, Tag.Parse("latest")));
    }

    private static void AssertRefused(string path)
    {
        var thrown = Assert.Throws<StorageException>(() => new TestStorage(path));
        Assert.Contains("holds a registry.db that cannot be opened: ", thrown.Message, StringComparison.Ordinal);
        Assert.EndsWith(" Run 'registry reindex' to rebuild it from the repositories tree.", thrown.Message, StringComparison.Ordinal);
    }

    // What the command does when the old database cannot be opened.
    private static async Task AssertRebuiltAsync(string path)
    {
        var kept = DatabaseFiles.SetAsideDamaged(new DataPaths(path));
        Assert.True(File.Exists(kept));
        await using var rebuilt = await TestStorage.CreateAsync(path);
        await AssertWholeAsync(rebuilt, ["v1", "v2"]);
    }

    private static void LoseDatabase(string path)
    {
        foreach (var file in Directory.EnumerateFiles(path, "registry.db*"))
        {
            File.Delete(file);
        }
    }

    private static void Damage(string link, string damage)
    {
        var text = File.ReadAllText(link);
        File.Delete(link);
        switch (damage)
        {
            case "removed":
                break;
            case "a folder":
                Directory.CreateDirectory(link);
                break;
            default:
                File.WriteAllText(link, damage switch
                {
                    "empty" => string.Empty,
                    "garbage" => "\0\u0001garbage\n",
                    "cut" => text[..(text.Length / 2)],
                    _ => Samples.Digest("nothing that is stored").Value,
                });
                break;
        }
    }
}
