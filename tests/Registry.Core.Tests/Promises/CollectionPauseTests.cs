using Microsoft.Extensions.Time.Testing;
using Registry.Core.Oci;
using Registry.Core.Promises;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Sqlite;

namespace Registry.Core.Tests.Promises;

/// <summary>Answers whose promise cannot be recorded: nothing is collected until it is over.</summary>
public sealed class CollectionPauseTests
{
    private const int Grace = 60;
    private const int Half = Grace / 2;
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Digest Blob = Samples.Digest("blob");

    private bool _isReadOnly;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task While_the_registry_is_read_only_an_answer_writes_nothing_and_later_nothing_is_collected_until_its_promise_is_over(bool restarts)
    {
        await using var storage = await CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.PushBlobAsync(A, "other");
        storage.Time.Advance(TimeSpan.FromSeconds(10 * Grace));
        _isReadOnly = true;
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        Assert.Equal(0, (await storage.Storage.Metadata.FindBlobAsync(A, Blob))?.IdleSince);
        Assert.Equal((0, 0), await storage.CollectAfterAsync(0));
        if (restarts)
        {
            await storage.ReopenAsync();
        }

        _isReadOnly = false;
        Assert.Equal((0, 0), await storage.CollectAfterAsync(0));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Half));
        Assert.Single(storage.Log.Entries, entry => entry.Message.StartsWith("Garbage collection is paused for ", StringComparison.Ordinal));

        // A client that asked meanwhile pushes its manifest.
        Assert.Null(await storage.TryPutAsync(A, Samples.Image("blob", [])));
        Assert.Equal((1, 1), await storage.CollectAfterAsync(1));
    }

    [Fact]
    public async Task Without_an_answer_that_needs_it_there_is_no_pause()
    {
        await using var storage = await CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        _isReadOnly = true;
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        Assert.False(await storage.SeesBlobAsync(A, Samples.Digest("unknown")));
        _isReadOnly = false;
        Assert.Equal((1, 1), await storage.CollectAfterAsync(Grace + 1));
    }

    [Fact]
    public async Task A_pause_that_another_process_has_saved_is_kept_here()
    {
        await using var storage = await CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.Storage.CollectorMetadata.SaveClockAsync(2 * Grace);
        Assert.Equal((0, 0), await storage.CollectAfterAsync(Grace + 1));
        Assert.Equal(Grace - 1, storage.Core.Pause.Left);
        Assert.Equal((1, 1), await storage.CollectAfterAsync(Grace - 1));
    }

    [Fact]
    public async Task An_answer_during_a_cycle_that_began_before_the_read_only_mode_records_its_promise()
    {
        await using var storage = await CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        storage.Time.Advance(TimeSpan.FromSeconds(Grace));
        using (storage.Core.Pause.TryBeginCycle())
        {
            _isReadOnly = true;
            Assert.True(await storage.SeesBlobAsync(A, Blob));
        }

        Assert.Equal(Grace, (await storage.Storage.Metadata.FindBlobAsync(A, Blob))?.IdleSince);
        Assert.Null(storage.Core.Pause.TryBeginCycle());
    }

    [Fact]
    public async Task When_the_storage_refuses_the_write_a_manifest_is_served_the_collection_pauses_and_the_log_says_why()
    {
        await using var storage = await TestStorage.CreateAsync();
        var child = await PushChildAsync(storage);
        await using var again = await ReopenRefusingAsync(storage, "manifests");
        again.Time.Advance(TimeSpan.FromSeconds(Grace));
        Assert.NotNull(await again.GetAsync(A, child));
        Assert.NotNull(await again.GetAsync(A, child));
        Assert.Equal(Half + 1, again.Core.Pause.Left);
        var line = Assert.Single(again.Log.Entries, entry => entry.Message.Contains("refuses to record", StringComparison.Ordinal));
        Assert.Contains(child.Value, line.Message, StringComparison.Ordinal);
        Assert.Contains("no room", line.Message, StringComparison.Ordinal);
        Assert.Equal(0, await again.ExpireManifestsAfterAsync(Half));
        Assert.Equal(1, await again.ExpireManifestsAfterAsync(1));
    }

    [Fact]
    public async Task When_the_storage_refuses_the_write_a_blob_that_nothing_needs_is_refused_without_a_pause()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await using var again = await ReopenRefusingAsync(storage, "blob_links");
        Assert.True(await again.SeesBlobAsync(A, Blob));
        again.Time.Advance(TimeSpan.FromSeconds(Grace));
        await Assert.ThrowsAsync<StorageException>(() => again.SeesBlobAsync(A, Blob));
        Assert.Equal(0, again.Core.Pause.Left);
        Assert.Equal((1, 1), await again.CollectAfterAsync(1));
    }

    [Fact]
    public async Task When_writes_have_stopped_what_a_pull_needs_is_served()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.PushBlobAsync(A, "idle");
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        var image = await storage.PutAsync(A, Samples.Image("blob", []));
        storage.Time.Advance(TimeSpan.FromSeconds(Grace));
        storage.Storage.Health.Fail("the disk is gone");
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        Assert.Equal(0, storage.Core.Pause.Left);
        Assert.NotNull(await storage.GetAsync(A, image));
        Assert.Equal(Half + 1, storage.Core.Pause.Left);
        await Assert.ThrowsAsync<StorageException>(() => storage.SeesBlobAsync(A, Samples.Digest("idle")));
    }

    [Fact]
    public async Task Either_a_cycle_finds_the_pause_or_the_answer_finds_the_cycle()
    {
        var time = new FakeTimeProvider();
        var clock = new RunningClock(time);
        var grace = new GracePeriod(clock, TimeSpan.FromSeconds(Grace));
        for (var round = 0; round < 2000; round++)
        {
            var isReadOnly = round % 2 == 0;
            var pause = new CollectionPause(clock, grace, () => Volatile.Read(ref isReadOnly), isShared: false, until: 0);
            using var start = new Barrier(3);
            var answer = Task.Run(() =>
            {
                start.SignalAndWait(Patience.Limit);
                return pause.TryReplaceWrite();
            });
            var cycle = Task.Run(async () =>
            {
                start.SignalAndWait(Patience.Limit);
                using var begun = pause.TryBeginCycle();
                var removes = begun is not null && pause.Left == 0;
                await answer;
                return removes;
            });
            start.SignalAndWait(Patience.Limit);
            Volatile.Write(ref isReadOnly, !isReadOnly);
            Assert.False(await cycle && await answer, $"round {round}: a cycle removes content that an answer has promised without a record");
        }
    }

    // A child of an index that was deleted.
    private static async Task<Digest> PushChildAsync(TestStorage storage)
    {
        var child = await storage.PushImageAsync(A, "child");
        await storage.DeleteAsync(A, await storage.PutAsync(A, Samples.Index([Samples.Child(child)])));
        return Samples.Digest(child);
    }

    // The database refuses each new idle time in the table, as a damaged page would, but not that a row expires.
    private static async Task<TestStorage> ReopenRefusingAsync(TestStorage storage, string table)
    {
        await storage.CloseAsync();
        OldSchema.Execute(
            storage.Paths.Database, $"CREATE TRIGGER refuses BEFORE UPDATE OF idle_since ON {table} BEGIN SELECT RAISE(ABORT, 'no room'); END");
        return await TestStorage.CreateAsync(storage.Path);
    }

    private async Task<TestStorage> CreateAsync()
    {
        var storage = new TestStorage(isReadOnly: () => _isReadOnly);
        await storage.Indexer.RunAsync(default);
        return storage;
    }
}
