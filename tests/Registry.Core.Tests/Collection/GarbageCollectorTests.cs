using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Collection;

public class GarbageCollectorTests
{
    private const int Grace = 60;
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly Digest Blob = Samples.Digest("blob");

    [Fact]
    public async Task A_blob_link_that_no_manifest_needs_expires_after_the_grace_and_its_bytes_go()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace));
        Assert.NotNull(await storage.Storage.Blobs.StatAsync(Blob));
        Assert.Equal((1, 1), await storage.CollectAfterAsync(1));
        Assert.Null(await storage.Storage.Blobs.StatAsync(Blob));
        Assert.False(await storage.SeesBlobAsync(A, Blob));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(1000));
    }

    [Fact]
    public async Task What_a_manifest_needs_stays_tagged_or_not()
    {
        await using var storage = await TestStorage.CreateAsync();
        var tagged = await storage.PushImageAsync(A, "tagged", "latest");
        var untagged = await storage.PushImageAsync(A, "untagged");
        await storage.DeleteAsync(A, Tag.Parse("latest"));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(1_000_000));
        foreach (var image in new[] { tagged, untagged })
        {
            Assert.Equal(image, await storage.GetAsync(A, Samples.Digest(image)));
        }

        Assert.True(await storage.SeesBlobAsync(A, Samples.Digest("untagged layer")));
    }

    [Fact]
    public async Task A_blob_of_two_repositories_stays_until_both_are_done_with_it()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        Assert.True((await storage.Uploads.MountAsync(B, A, Blob, _ => true)).Value);
        await storage.PutAsync(B, Samples.Image("blob", []));
        Assert.Equal((1, 0), await storage.CollectAfterAsync(Grace + 1));
        Assert.False(await storage.SeesBlobAsync(A, Blob));
        Assert.True(await storage.SeesBlobAsync(B, Blob));
    }

    [Fact]
    public async Task Deleting_a_manifest_starts_the_grace_of_its_layers()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        await storage.CollectAfterAsync(1000);
        await storage.DeleteAsync(A, Samples.Digest(image));
        Assert.Equal((0, 1), await storage.CollectAfterAsync(Grace));
        Assert.Null(await storage.Storage.Blobs.StatAsync(Samples.Digest(image)));
        Assert.NotNull(await storage.Storage.Blobs.StatAsync(Samples.Digest("app layer")));
        Assert.Equal((2, 2), await storage.CollectAfterAsync(1));
        Assert.Empty(await storage.Storage.Blobs.ListStoredAsync());
    }

    [Fact]
    public async Task A_child_that_is_deleted_in_one_repository_keeps_its_layers_in_another()
    {
        await using var storage = await TestStorage.CreateAsync();
        foreach (var repository in new[] { A, B })
        {
            var image = await storage.PushImageAsync(repository, "app");
            await storage.PutAsync(repository, Samples.Index([Samples.Child(image)]), "multi");
        }

        var child = Samples.Digest(Samples.Image("app config", [Samples.Layer("app layer")]));
        await storage.DeleteAsync(A, child);
        await storage.CollectAfterAsync(1000);
        await storage.CollectAfterAsync(1000);
        Assert.False(await storage.SeesBlobAsync(A, Samples.Digest("app layer")));
        Assert.True(await storage.SeesBlobAsync(B, Samples.Digest("app layer")));
        Assert.NotNull(await storage.GetAsync(B, child));
        Assert.NotNull(await storage.GetAsync(A, Tag.Parse("multi")));
        Assert.Null(await storage.GetAsync(A, child));
    }

    [Fact]
    public async Task A_blob_that_a_client_was_told_exists_late_stays_for_another_grace()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.PushBlobAsync(A, "other");
        storage.Time.Advance(TimeSpan.FromSeconds(Grace));
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        Assert.Equal((1, 1), await storage.CollectAfterAsync(1));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace - 1));
        Assert.True((await storage.TryPutAsync(A, Samples.Image("blob", []))) is null);
    }

    [Fact]
    public async Task A_promise_that_the_stopped_server_saved_is_kept()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        storage.Time.Advance(TimeSpan.FromSeconds(Grace));
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        await storage.ReopenAsync();
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace));
        Assert.Equal((1, 1), await storage.CollectAfterAsync(1));
    }

    [Fact]
    public async Task After_a_kill_a_promised_blob_stays_and_others_are_collected_at_once()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.PushBlobAsync(A, "other");
        await storage.CollectAfterAsync(Grace);
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        await storage.ReopenAsync(cleanly: false);
        Assert.Equal((1, 1), await storage.CollectAfterAsync(1));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace - 1));
        Assert.Null(await storage.TryPutAsync(A, Samples.Image("blob", [])));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(1000));
    }

    [Fact]
    public async Task A_long_holiday_of_the_server_lets_nothing_expire()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.CollectAfterAsync(Grace - 5);
        await storage.CloseAsync();
        storage.Time.Advance(TimeSpan.FromDays(365));
        await using var later = await TestStorage.CreateAsync(storage.Path);
        Assert.Equal((0, 0), await later.CollectAfterAsync(5));
        Assert.Equal((1, 1), await later.CollectAfterAsync(1));
    }

    [Fact]
    public async Task Pushing_again_what_is_about_to_be_removed_brings_it_back()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        Assert.Null((await storage.Blobs.DeleteAsync(A, Blob)).Error);
        await storage.PushBlobAsync(A, "blob");
        Assert.Equal((0, 0), await storage.CollectAfterAsync(0));
        Assert.True(await storage.SeesBlobAsync(A, Blob));
    }

    [Fact]
    public async Task A_removal_that_a_kill_cut_short_is_finished_and_the_blob_can_come_back_before()
    {
        await using var storage = await TestStorage.CreateAsync();
        foreach (var content in new[] { "gone", "blob" })
        {
            await storage.PushBlobAsync(A, content);
            Assert.Null((await storage.Blobs.DeleteAsync(A, Samples.Digest(content))).Error);
            Assert.NotNull(await storage.Storage.CollectorMetadata.CondemnAsync(Samples.Digest(content)));
            await storage.Storage.Blobs.DeleteAsync([Samples.Digest(content)]);
        }

        await storage.ReopenAsync(cleanly: false);
        await storage.PushBlobAsync(A, "blob");
        Assert.Equal((0, 1), await storage.CollectAfterAsync(1));
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        Assert.Empty(await storage.Storage.CollectorMetadata.ListOrphansAsync(10));
    }

    [Fact]
    public async Task A_blob_that_cannot_be_removed_keeps_no_other_from_it_and_is_tried_again()
    {
        await using var storage = await TestStorage.CreateAsync();
        var busy = Samples.Digest("busy");
        foreach (var content in new[] { "busy", "blob" })
        {
            await storage.PushBlobAsync(A, content);
            Assert.Null((await storage.Blobs.DeleteAsync(A, Samples.Digest(content))).Error);
        }

        var collector = CollectorOf(storage, new() { [busy] = new IOException("busy") });
        Assert.Equal(new Collected(0, 0, 1), await collector.RunAsync(default));
        Assert.Equal([busy], await storage.Storage.CollectorMetadata.ListOrphansAsync(10));
        Assert.Contains(storage.Log.Entries, entry => entry.Level == LogLevel.Warning && entry.Message.Contains(busy.Value, StringComparison.Ordinal));
        Assert.Equal((0, 1), await storage.CollectAfterAsync(0));
    }

    [Fact]
    public async Task Each_cause_for_which_blobs_cannot_be_removed_has_one_line_while_it_lasts()
    {
        await using var storage = await TestStorage.CreateAsync();
        var stuck = new Dictionary<Digest, Exception>();
        foreach (var (content, cause) in new (string, Exception)[]
        {
            ("one", new IOException("busy")), ("two", new UnauthorizedAccessException("denied")), ("three", new IOException("busy")),
        })
        {
            await storage.PushBlobAsync(A, content);
            Assert.Null((await storage.Blobs.DeleteAsync(A, Samples.Digest(content))).Error);
            stuck.Add(Samples.Digest(content), cause);
        }

        var collector = CollectorOf(storage, stuck);
        for (var cycle = 0; cycle < 3; cycle++)
        {
            Assert.Equal(new Collected(0, 0, 0), await collector.RunAsync(default));
        }

        Assert.Equal(["busy", "denied"], NotRemoved());

        // A cause that is gone and comes back has another line; the other one lasts.
        var (denied, again) = (stuck[Samples.Digest("two")], Samples.Digest("two"));
        stuck.Remove(again);
        Assert.Equal(new Collected(0, 0, 1), await collector.RunAsync(default));
        await storage.PushBlobAsync(A, "two");
        Assert.Null((await storage.Blobs.DeleteAsync(A, again)).Error);
        stuck.Add(again, denied);
        await collector.RunAsync(default);
        Assert.Equal(["busy", "denied", "denied"], NotRemoved());

        List<string> NotRemoved() => [.. storage.Log.Entries
            .Where(entry => entry.Message.Contains("could not be removed", StringComparison.Ordinal))
            .Select(entry => entry.Message.Contains("denied", StringComparison.Ordinal) ? "denied" : "busy")
            .Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task More_than_a_batch_goes_in_one_cycle()
    {
        await using var storage = await TestStorage.CreateAsync();
        await LinkAsync(storage, 0, 1100);
        storage.Time.Advance(TimeSpan.FromSeconds(Grace));
        await LinkAsync(storage, 1100, 1100);
        Assert.Equal((1100, 1100), await storage.CollectAfterAsync(1));
        Assert.Empty(await storage.Storage.CollectorMetadata.ListOrphansAsync(10));
    }

    [Fact]
    public async Task More_than_half_of_all_links_does_not_expire_unless_it_is_forced_or_no_longer_half()
    {
        await using var storage = await TestStorage.CreateAsync();
        await LinkAsync(storage, 0, 501);
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace + 1));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(1));
        await storage.ReopenAsync();
        Assert.Equal((0, 0), await storage.CollectAfterAsync(1));
        var errors = storage.Log.Entries.Where(entry => entry.Level == LogLevel.Error).ToList();
        Assert.Equal(2, errors.Count);
        Assert.All(errors, error => Assert.Contains("would remove 0 of 0 manifests, 501 of 501 links and 0 of 501 blobs", error.Message, StringComparison.Ordinal));

        await LinkAsync(storage, 501, 501);
        Assert.Equal((501, 501), await storage.CollectAfterAsync(1));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace + 1));
        Assert.Equal(new Collected(0, 501, 501), await storage.Collector.CollectAsync(default));
    }

    [Fact]
    public async Task More_than_half_of_all_blobs_is_not_removed()
    {
        await using var storage = await TestStorage.CreateAsync();
        await LinkAsync(storage, 0, 600);
        await Task.WhenAll(Enumerable.Range(0, 501).Select(i => storage.Blobs.DeleteAsync(A, Samples.Digest($"{i}"))));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(0));
        Assert.Equal(501, (await storage.Storage.CollectorMetadata.ListOrphansAsync(1000)).Count);
        await LinkAsync(storage, 600, 402);
        Assert.Equal((0, 501), await storage.CollectAfterAsync(0));
    }

    [Fact]
    public async Task Few_blobs_are_removed_even_when_they_are_all()
    {
        await using var storage = await TestStorage.CreateAsync();
        await LinkAsync(storage, 0, 500);
        Assert.Equal((500, 500), await storage.CollectAfterAsync(Grace + 1));
    }

    [Fact]
    public async Task A_refused_manifest_leaves_no_bytes()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = Samples.Image("missing", []);
        Assert.Same(RegistryErrorCode.ManifestBlobUnknown, (await storage.TryPutAsync(A, image, "latest"))?.Code);
        Assert.Empty(await storage.Storage.Blobs.ListStoredAsync());
    }

    [Fact]
    public async Task A_refused_manifest_leaves_the_bytes_that_another_repository_has()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app");
        Assert.Same(RegistryErrorCode.ManifestBlobUnknown, (await storage.TryPutAsync(B, image, "latest"))?.Code);
        Assert.Equal(image, await storage.GetAsync(A, Samples.Digest(image)));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(60, 6)]
    [InlineData(86400, 60)]
    public async Task It_runs_often_enough_to_keep_the_grace_within_a_tenth_but_never_busily(int grace, int interval)
    {
        await using var storage = new TestStorage(grace: TimeSpan.FromSeconds(grace));
        Assert.Equal(TimeSpan.FromSeconds(interval), storage.Core.Grace.Interval);
    }

    private static Task<RegistryError?[]> LinkAsync(TestStorage storage, int first, int count) => Task.WhenAll(
        Enumerable.Range(first, count).Select(i => storage.Storage.Metadata.LinkBlobAsync(A, Samples.Digest($"{i}"), 1)));

    /// <summary>Store in which one blob cannot be removed, such as a mount, an immutable file or a bad sector.</summary>
    private static GarbageCollector CollectorOf(TestStorage storage, Dictionary<Digest, Exception> stuck) => new(
        storage.Storage.CollectorMetadata,
        new StuckBlobs(storage.Storage.Blobs, stuck),
        storage.Sweep,
        storage.Core.Grace,
        storage.Core.Pause,
        storage.Core.Plan,
        ChangeOrigin.Collector,
        new TrashExpiry(storage.Storage.CollectorMetadata, TimeSpan.Zero, storage.Loggers.CreateLogger<TrashExpiry>()),
        storage.Time,
        storage.Loggers.CreateLogger<GarbageCollector>());

    private sealed class StuckBlobs(IBlobStore blobs, Dictionary<Digest, Exception> stuck) : IBlobStore
    {
        public ValueTask<long?> StatAsync(BlobPlace place, CancellationToken cancellationToken) => blobs.StatAsync(place, cancellationToken);

        public ValueTask<BlobSource?> OpenAsync(BlobPlace place, CancellationToken cancellationToken) => blobs.OpenAsync(place, cancellationToken);

        public Task<BlobPlace> PutAsync(Digest digest, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            blobs.PutAsync(digest, content, cancellationToken);

        public Task DeleteAsync(IReadOnlyList<BlobPlace> places, CancellationToken cancellationToken) =>
            stuck.TryGetValue(places.Single().Digest!.Value, out var cause)
                ? throw new StorageException(cause.Message, cause)
                : blobs.DeleteAsync(places, cancellationToken);

        public IAsyncEnumerable<BlobPlace> ListAsync(BlobPlace? after, CancellationToken cancellationToken) => blobs.ListAsync(after, cancellationToken);

        public ValueTask<IDisposable?> TryBeginRemovalAsync(CancellationToken cancellationToken) => blobs.TryBeginRemovalAsync(cancellationToken);

        public ValueTask<IAsyncDisposable> FenceAsync(Digest digest, CancellationToken cancellationToken) => blobs.FenceAsync(digest, cancellationToken);
    }
}
