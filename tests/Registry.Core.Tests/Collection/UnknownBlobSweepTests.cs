using Microsoft.Extensions.Logging;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Collection;

public sealed class UnknownBlobSweepTests : IDisposable
{
    private const int Grace = 60;
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Digest Blob = Samples.Digest("blob");

    private readonly TemporaryFolder _outside = new();

    public static TheoryData<string> LinksToABlob => new(
        "a/_layers/<blob>/link", "a/_manifests/revisions/<blob>/link", "a/_manifests/tags/v1/index/<blob>/link", "team/b/c/_layers/<blob>/link", "Upper/_layers/<blob>/link");

    public static TheoryData<string> PlacesOfLinks => new(
        "a", "team/b", "a/_layers", "a/_layers/sha256", "a/_manifests", "a/_manifests/revisions", "a/_manifests/tags", "a/_manifests/tags/v1");

    [Fact]
    public async Task Bytes_that_the_metadata_does_not_know_go_when_two_rounds_a_grace_apart_have_found_them()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await PutAsync(storage, "blob");
        Assert.Equal((0, 0), await storage.CollectAfterAsync(0));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace - 1));
        Assert.NotNull(await storage.Storage.Blobs.StatAsync(Blob));
        Assert.Equal((0, 1), await storage.CollectAfterAsync(1));
        Assert.False(Directory.Exists(storage.Paths.BlobDirectory(Blob)));
        await storage.WriteOutAsync();
        Assert.Equal(3, (await storage.Storage.Blobs.ListStoredAsync()).Count);
        Assert.Contains(storage.Log.Entries, entry => entry.Message == "Blobs removed that the metadata does not know and nothing links to: 1");
    }

    [Fact]
    public async Task A_place_without_bytes_goes_too()
    {
        await using var storage = await TestStorage.CreateAsync();
        Directory.CreateDirectory(storage.Paths.BlobDirectory(Blob));
        await storage.CollectAfterAsync(0);
        await storage.CollectAfterAsync(Grace);
        Assert.False(Directory.Exists(storage.Paths.BlobDirectory(Blob)));
    }

    [Fact]
    public async Task What_came_after_the_first_round_waits_for_the_third()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.CollectAfterAsync(0);
        await PutAsync(storage, "blob");
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace));
        Assert.Equal((0, 1), await storage.CollectAfterAsync(Grace));
    }

    [Fact]
    public async Task A_restart_forgets_what_was_found()
    {
        await using var storage = await TestStorage.CreateAsync();
        await PutAsync(storage, "blob");
        await storage.CollectAfterAsync(0);
        await storage.ReopenAsync();
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace));
        Assert.Equal((0, 1), await storage.CollectAfterAsync(Grace));
    }

    [Fact]
    public async Task What_is_pushed_between_the_rounds_stays()
    {
        await using var storage = await TestStorage.CreateAsync();
        await PutAsync(storage, "blob");
        await storage.CollectAfterAsync(0);
        await storage.PushBlobAsync(A, "blob");
        await storage.PutAsync(A, Samples.Image("blob", []));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace));
        Assert.True(await storage.SeesBlobAsync(A, Blob));
    }

    [Fact]
    public async Task Bytes_of_a_push_in_progress_stay()
    {
        await using var storage = await TestStorage.CreateAsync();
        await PutAsync(storage, "blob");
        await storage.CollectAfterAsync(0);
        Task<(int Links, int Blobs)> collection;
        await using (await storage.Storage.Blobs.FenceAsync(Blob, TestContext.Current.CancellationToken))
        {
            collection = storage.CollectAfterAsync(Grace);
            await Task.WhenAny(collection, NothingLeftToAskAsync(storage));
            Assert.False(collection.IsCompleted);
            await storage.Storage.Metadata.LinkBlobAsync(A, Blob, 4);
        }

        Assert.Equal((0, 0), await collection);
        Assert.True(await storage.SeesBlobAsync(A, Blob));
    }

    [Fact]
    public async Task Bytes_that_a_manifest_refers_to_stay_although_no_repository_may_see_them()
    {
        await using var storage = await TestStorage.CreateAsync(references: ManifestReferences.Sparse);
        await storage.PutAsync(A, Samples.Image("blob", []));
        await PutAsync(storage, "blob");
        await storage.CollectAfterAsync(0);
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace));
        Assert.NotNull(await storage.Storage.Blobs.StatAsync(Blob));
    }

    [Theory]
    [MemberData(nameof(LinksToABlob))]
    public async Task Bytes_that_the_tree_links_to_stay_and_a_reindex_is_asked_for_once(string link)
    {
        await using var storage = await TestStorage.CreateAsync();
        await PutAsync(storage, "blob");
        await PutAsync(storage, "other");
        var path = Path.Combine(storage.Paths.Repositories, link.Replace("<blob>", $"sha256/{Blob.Hex}", StringComparison.Ordinal));
        FolderContent.Write(Blob.Value, path);
        await storage.CollectAfterAsync(0);
        Assert.Equal((0, 1), await storage.CollectAfterAsync(Grace));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace));
        Assert.NotNull(await storage.Storage.Blobs.StatAsync(Blob));
        var warning = Assert.Single(storage.Log.Entries, entry => entry.Level == LogLevel.Warning);
        Assert.Contains($"{Blob} by {path}", warning.Message, StringComparison.Ordinal);
        Assert.Contains("registry reindex", warning.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PlacesOfLinks))]
    public async Task Nothing_goes_while_a_part_of_the_tree_cannot_be_looked_into(string place)
    {
        await using var storage = await TestStorage.CreateAsync();
        await PutAsync(storage, "blob");
        var path = Path.Combine(storage.Paths.Repositories, place);
        Planted.Put("a link to a folder", path, _outside.Path);
        await storage.CollectAfterAsync(0);
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace));
        Assert.NotNull(await storage.Storage.Blobs.StatAsync(Blob));

        File.Delete(path);
        Assert.Equal((0, 1), await storage.CollectAfterAsync(Grace));
        Planted.AssertUntouched(_outside.Path);
    }

    [Fact]
    public async Task A_tree_that_cannot_be_read_stops_the_removal_only_and_is_reported_once()
    {
        await using var storage = await TestStorage.CreateAsync();
        await PutAsync(storage, "blob");
        await storage.CollectAfterAsync(0);
        Directory.Delete(storage.Paths.Repositories);
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace));
        Assert.Single(storage.Log.Entries, entry => entry.Level == LogLevel.Error);
        Directory.CreateDirectory(storage.Paths.Repositories);
        Assert.Equal((0, 1), await storage.CollectAfterAsync(Grace));
    }

    [Fact]
    public async Task A_round_over_many_goes_on_where_the_last_cycle_has_stopped()
    {
        await using var storage = await TestStorage.CreateAsync(grace: TimeSpan.FromDays(1));
        await Task.WhenAll(Enumerable.Range(0, 2100).Select(i => StoreAsync(storage, $"{i}")));
        await PutAsync(storage, "blob");
        var day = (int)TimeSpan.FromDays(1).TotalSeconds;
        for (var cycle = 0; cycle < 3; cycle++)
        {
            Assert.Equal((0, 0), await storage.CollectAfterAsync(0));
        }

        Assert.Equal((0, 0), await storage.CollectAfterAsync(day - 1));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(1));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(0));
        Assert.Equal((0, 1), await storage.CollectAfterAsync(0));
    }

    [Theory]
    [InlineData(500, 0, true)]
    [InlineData(501, 0, false)]
    [InlineData(501, 500, false)]
    [InlineData(501, 501, true)]
    public async Task Nothing_goes_when_more_than_half_and_not_few_are_unknown(int unknown, int known, bool isPlausible)
    {
        await using var storage = await TestStorage.CreateAsync();
        await Task.WhenAll(Enumerable.Range(0, known).Select(i => StoreAsync(storage, $"{i}")));
        for (var i = 0; i < unknown; i++)
        {
            Directory.CreateDirectory(storage.Paths.BlobDirectory(Samples.Digest($"unknown {i}")));
        }

        for (var i = 0; i < 6; i++)
        {
            await storage.CollectAfterAsync(Grace / 2);
        }

        Assert.Equal(isPlausible ? known : known + unknown, await storage.Storage.Blobs.ListAsync().CountAsync());
        Assert.Equal(isPlausible ? 0 : 1, storage.Log.Entries.Count(entry => entry.Level == LogLevel.Error));
    }

    public void Dispose() => _outside.Dispose();

    // What a process leaves that is killed between the rename and the commit.
    private static Task<BlobPlace> PutAsync(TestStorage storage, string content) =>
        storage.Storage.Blobs.PutAsync(Samples.Digest(content), Samples.Text(content));

    private static async Task StoreAsync(TestStorage storage, string content)
    {
        var digest = Samples.Digest(content);
        Directory.CreateDirectory(storage.Paths.BlobDirectory(digest));
        await storage.Storage.Metadata.PutManifestAsync(
            Samples.Put(A, Samples.Image(content, [])).Requiring(ManifestReferences.Sparse));
        await storage.Storage.Metadata.LinkBlobAsync(A, digest, 1);
    }

    // The collection asks what is unknown and then waits for the lock; a question that is asked later is answered later.
    private static async Task NothingLeftToAskAsync(TestStorage storage)
    {
        for (var i = 0; i < 100; i++)
        {
            await storage.Storage.CollectorMetadata.FindUnknownAsync([Blob]);
            await storage.Storage.Threads.RunAsync(() => { });
        }
    }
}
