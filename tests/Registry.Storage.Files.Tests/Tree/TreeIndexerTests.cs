using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Errors;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Tree;

namespace Registry.Storage.Files.Tests.Tree;

public class TreeIndexerTests
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("team/b");
    private static readonly Tag Latest = Tag.Parse("latest");

    [Fact]
    public async Task An_empty_folder_has_nothing_to_index_and_stays_complete()
    {
        await using var storage = new TestStorage();
        Assert.False(storage.Indexer.IsComplete);
        Assert.Same(RegistryErrorCode.NotReady, storage.Indexer.RefuseUntilComplete()?.Code);
        await storage.Indexer.RunAsync(default);
        Assert.True(storage.Indexer.IsComplete);
        Assert.Null(storage.Indexer.RefuseUntilComplete());
        Assert.DoesNotContain(storage.Log.Entries, entry => entry.Message.Contains("indexing", StringComparison.Ordinal));
        await storage.ReopenAsync(cleanly: false);
        Assert.True(storage.Indexer.IsComplete);
    }

    [Fact]
    public async Task A_lost_database_is_rebuilt_with_the_same_answers()
    {
        await using var storage = await TestStorage.CreateAsync();
        await FillAsync(storage);
        var before = await DescribeAsync(storage);
        await storage.CloseAsync();
        var tree = FolderContent.List(Path.Combine(storage.Path, "repositories"));
        LoseDatabase(storage.Path);

        await using var rebuilt = await TestStorage.CreateAsync(storage.Path);
        Assert.Equal(before, await DescribeAsync(rebuilt));
        await rebuilt.CloseAsync();
        Assert.Equal(tree, FolderContent.List(Path.Combine(storage.Path, "repositories")));
    }

    [Fact]
    public async Task Until_it_is_complete_a_repository_that_is_asked_for_is_indexed_first_and_writes_are_refused()
    {
        await using var storage = await TestStorage.CreateAsync();
        await FillAsync(storage);
        var image = await storage.GetAsync(B, Latest);
        await storage.CloseAsync();
        LoseDatabase(storage.Path);

        await using var indexing = new TestStorage(storage.Path);
        Assert.Equal(image, await indexing.GetAsync(B, Latest));
        Assert.True(await indexing.SeesBlobAsync(A, Samples.Digest("app layer")));
        Assert.False(await indexing.SeesBlobAsync(Samples.Repository("nowhere"), Samples.Digest("app layer")));
        Assert.Same(RegistryErrorCode.NotReady, (await indexing.TryPutAsync(B, image!, "v2"))?.Code);
        Assert.Same(RegistryErrorCode.NotReady, (await indexing.Manifests.DeleteAsync(B, Latest, Precondition.None)).Error?.Code);
        Assert.Same(RegistryErrorCode.NotReady, (await indexing.Blobs.DeleteAsync(A, Samples.Digest("app layer"))).Error?.Code);
        Assert.Same(RegistryErrorCode.NotReady, (await indexing.Uploads.BeginAsync(A, null, DigestAlgorithm.Sha256)).Error?.Code);
        Assert.Same(RegistryErrorCode.NotReady, (await indexing.Core.Metadata.LinkBlobAsync(B, Samples.Digest("app layer"), 9))?.Code);
        Assert.Same(RegistryErrorCode.NotReady, (await indexing.Core.Metadata.MountBlobAsync(A, B, Samples.Digest("app layer"))).Error?.Code);
        Assert.Equal(["a", "team/b"], (await indexing.Storage.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);

        await indexing.Indexer.RunAsync(default);
        Assert.Null(await indexing.TryPutAsync(B, image!, "v2"));
    }

    [Fact]
    public async Task Many_who_ask_for_a_repository_at_once_are_all_answered()
    {
        await using var storage = await TestStorage.CreateAsync();
        await FillAsync(storage);
        await storage.CloseAsync();
        LoseDatabase(storage.Path);
        await using var indexing = new TestStorage(storage.Path);
        var answers = Enumerable.Range(0, 40).Select(i => Task.Run(() => indexing.GetAsync(i % 2 == 0 ? A : B, Latest))).ToList();
        await indexing.Indexer.RunAsync(default);
        Assert.All(await Task.WhenAll(answers), Assert.NotNull);
    }

    [Fact]
    public async Task An_indexing_that_was_cut_short_goes_on_after_the_next_start()
    {
        await using var storage = await TestStorage.CreateAsync();
        await FillAsync(storage);
        var before = await DescribeAsync(storage);
        await storage.CloseAsync();
        LoseDatabase(storage.Path);
        await using (var first = new TestStorage(storage.Path))
        {
            Assert.NotNull(await first.GetAsync(A, Latest));
            using var stopping = new CancellationTokenSource();
            await stopping.CancelAsync();
            await Assert.ThrowsAsync<OperationCanceledException>(() => first.Indexer.RunAsync(stopping.Token));
            Assert.False(first.Indexer.IsComplete);
        }

        await using var second = await TestStorage.CreateAsync(storage.Path);
        Assert.Equal(before, await DescribeAsync(second));
    }

    [Fact]
    public async Task A_repository_whose_indexing_failed_is_tried_again_by_the_next_who_asks()
    {
        await using var storage = await TestStorage.CreateAsync();
        await FillAsync(storage);
        await storage.CloseAsync();
        LoseDatabase(storage.Path);
        await using var indexing = new TestStorage(storage.Path);
        var target = new FailingOnce(indexing.Storage.IndexTarget, new StorageException("this once"));
        var indexer = new TreeIndexer(indexing.Storage.Files!.Tree, target, indexing.Storage.Threads, NullLogger<TreeIndexer>.Instance);
        await Assert.ThrowsAsync<StorageException>(() => indexer.EnsureAsync(A));
        await indexer.EnsureAsync(A);
        Assert.NotNull(await indexing.Storage.Metadata.FindManifestAsync(A, Latest));
    }

    [Fact]
    public async Task A_repository_that_cannot_be_indexed_keeps_no_other_from_it_and_is_tried_again()
    {
        await using var storage = await TestStorage.CreateAsync();
        await FillAsync(storage);
        await storage.CloseAsync();
        LoseDatabase(storage.Path);
        await using var indexing = new TestStorage(storage.Path);
        var target = new FailingOnce(indexing.Storage.IndexTarget, new InvalidOperationException("this once"));
        var log = indexing.Loggers.CreateLogger<TreeIndexer>();
        var indexer = new TreeIndexer(indexing.Storage.Files!.Tree, target, indexing.Storage.Threads, log);
        var running = indexer.RunUntilCompleteAsync(indexing.Time, default);
        await Eventually.TrueAsync(() => indexing.Log.Entries.Any(entry => entry.Level == LogLevel.Critical));
        Assert.False(indexer.IsComplete);
        Assert.Single((await indexing.Storage.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);

        await Eventually.TrueAsync(() =>
        {
            indexing.Time.Advance(TimeSpan.FromSeconds(30));
            return running.IsCompleted;
        });
        await running;
        Assert.True(indexer.IsComplete);
        Assert.Equal(["a", "team/b"], (await indexing.Storage.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
    }

    [Fact]
    public async Task One_damaged_repository_does_not_spread()
    {
        await using var storage = await TestStorage.CreateAsync();
        await FillAsync(storage);
        await storage.CloseAsync();
        LoseDatabase(storage.Path);
        var manifests = Path.Combine(storage.Path, "repositories", "a", "_manifests");
        var garbage = Samples.Digest("garbage");
        FolderContent.Write("garbage", Path.Combine(storage.Path, "blobs", "sha256", garbage.Hex[..2].ToString(), garbage.Hex.ToString(), "data"));
        FolderContent.Write(garbage.Value, manifests, "revisions", "sha256", garbage.Hex.ToString(), "link");
        FolderContent.Write("", manifests, "tags", "latest", "current", "link");
        Directory.CreateDirectory(Path.Combine(manifests, "tags", "worse", "current", "link"));

        await using var indexed = await TestStorage.CreateAsync(storage.Path);
        Assert.Equal(["a", "team/b"], (await indexed.Storage.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
        Assert.Equal(["v1"], (await indexed.Storage.Metadata.ListTagsAsync(A, null, 10))!.Items);
        Assert.NotNull(await indexed.GetAsync(B, Latest));

        // The references of the garbage are unknown.
        await indexed.CollectAfterAsync(1000);
        Assert.True(await indexed.SeesBlobAsync(A, Samples.Digest("unneeded")));
        Assert.False(await indexed.SeesBlobAsync(B, Samples.Digest("unneeded")));
    }

    private static void LoseDatabase(string path)
    {
        foreach (var file in Directory.EnumerateFiles(path, "registry.db*"))
        {
            File.Delete(file);
        }
    }

    private static async Task FillAsync(TestStorage storage)
    {
        var image = await storage.PushImageAsync(A, "app", "latest");
        await storage.PutAsync(A, image, "v1");
        await storage.PushBlobAsync(A, "unneeded");
        await storage.PushImageAsync(B, "old", "latest");
        var current = await storage.PushImageAsync(B, "new", "latest");
        await storage.PushBlobAsync(B, "unneeded");
        var signature = Samples.Image("new config", [], Samples.Child(current), "x/signature", "signed");
        await storage.PutAsync(B, signature);
        await storage.PutAsync(B, Samples.Index([Samples.Child(current), Samples.Child(signature)]), "multi");
    }

    private static async Task<string> DescribeAsync(TestStorage storage)
    {
        await storage.WriteOutAsync();
        var metadata = storage.Storage.Metadata;
        var lines = new List<string>();
        foreach (var name in (await metadata.ListRepositoriesAsync([RepositoryRange.All], null, 100)).Items)
        {
            var repository = Samples.Repository(name);
            lines.Add(name);
            foreach (var tag in (await metadata.ListTagsAsync(repository, null, 100))!.Items)
            {
                lines.Add($"  {tag} {await metadata.FindManifestAsync(repository, Tag.Parse(tag))}");
            }

            foreach (var digest in (await storage.Storage.Blobs.ListStoredAsync()).Order())
            {
                var referrers = (await metadata.ListReferrersAsync(repository, digest, null, null, 100)).Items;
                lines.Add($"  {digest} {await metadata.FindBlobAsync(repository, digest)} {await metadata.FindManifestAsync(repository, digest)} {string.Join(' ', referrers)}");
            }
        }

        return string.Join('\n', lines);
    }

    private sealed class FailingOnce(IIndexTarget target, Exception fault) : IIndexTarget
    {
        private bool _failed;

        public bool IsComplete => target.IsComplete;

        public Task AddRepositoryAsync(TreeRepository repository)
        {
            if (!_failed)
            {
                _failed = true;
                throw fault;
            }

            return target.AddRepositoryAsync(repository);
        }

        public Task CompleteAsync() => target.CompleteAsync();
    }
}
