using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Space;

namespace Registry.Storage.Contracts.Space;

/// <summary>Contract of <see cref="ISpaceMetadata"/>, together with the rounds and operations on it.</summary>
public abstract partial class SpaceContract : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly RepositoryName C = Samples.Repository("c");

    private readonly IMetadataEngine _engine;
    private readonly ContentInRows _operations;
    private readonly SpaceRounds _rounds;
    private readonly SpaceOperations _space;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    protected SpaceContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        _operations = new ContentInRows(engine, TimeSpan.FromSeconds(100));
        _rounds = CreateRounds(TimeSpan.Zero);
        _space = new SpaceOperations(engine.Space, engine.Metadata, engine.Activity, _rounds, _time, defaultLimit: 2, maxLimit: 4);
    }

    [Fact]
    public async Task An_empty_registry_takes_no_space()
    {
        var sums = await RunAsync();
        Assert.Equal((1, 0, 0, 0, 7), (sums.Round, sums.Repositories, sums.Stored, sums.Referred, sums.Uploads));
        Assert.Empty(await ListAsync());
    }

    [Fact]
    public async Task What_repositories_share_is_unique_to_none_of_them()
    {
        var first = await PushAsync(A, "one-config", ["base", "first-layer"], "v1");
        var second = await PushAsync(B, "two-config!", ["base", "another-layer"], "v1");
        await PushAsync(C, "one-config", ["base", "first-layer"], "v1");

        // The same image is in a and c, so all of it is shared; b has its own parts.
        var image = first.Length + "one-configbasefirst-layer".Length;
        var other = second.Length + "two-config!another-layer".Length;
        var sums = await RunAsync();
        Assert.Equal((3, (2 * image) + other + "base".Length), (sums.Repositories, sums.Referred));
        Assert.Equal((other, image, 0, 0), (sums.Unique, sums.Shared, sums.Trash, sums.Unreferenced));
        Assert.Equal((await _engine.ReadTotalsAsync()).StoredBytes, sums.Stored);
        Assert.Equal([("a", image, 0, 0), ("b", other + "base".Length, other, 0), ("c", image, 0, 0)], await ListAsync());
    }

    [Fact]
    public async Task Content_that_several_manifests_of_a_repository_need_counts_once_and_is_unique_to_it()
    {
        var first = await PushAsync(A, "config", ["base", "first"], "v1");
        var second = await PushAsync(A, "config", ["base", "second"], "v2");
        var size = first.Length + second.Length + "configbasefirstsecond".Length;
        Assert.Equal((size, size, 0), await SumAsync());
        Assert.Equal([("a", size, size, 0)], await ListAsync());
    }

    [Fact]
    public async Task The_repositories_that_hold_most_alone_are_listed_first()
    {
        await PushAsync(A, "config", ["base", "a"]);
        await PushAsync(B, "config", ["base", "much-longer"]);
        await PushAsync(C, "config", ["base", "much-longer-still"]);
        Assert.Empty(await _space.ListLargestAsync());
        await RunAsync();
        Assert.Equal(["c", "b", "a"], (await _space.ListLargestAsync()).Select(one => one.Name));
        Assert.Equal(["c"], (await _engine.Space.ListLargestAsync(1)).Select(one => one.Name));
        Assert.Equal((await _engine.Space.FindRepositoryAsync(C))!.Value, (await _space.ListLargestAsync())[0].Space);

        // What another repository has, too, is of neither.
        await PushAsync(Samples.Repository("copy"), "config", ["base", "much-longer-still"]);
        await RunAsync();
        Assert.Equal(["b", "a"], (await _space.ListLargestAsync()).Select(one => one.Name));
    }

    [Fact]
    public async Task What_a_repository_refers_to_and_does_not_have_takes_none_of_its_space()
    {
        var child = await PushAsync(B, "config", ["layer"]);
        var index = Samples.Index([Samples.Child(child)]);
        await StoreAsync(A, index, "v1");
        await RunAsync();
        var size = child.Length + "configlayer".Length;
        Assert.Equal([("a", index.Length, index.Length, 0), ("b", size, size, 0)], await ListAsync());
        Assert.Equal([("v1", index.Length, index.Length)], await TagsAsync(A));
    }

    [Fact]
    public async Task Blobs_that_no_manifest_needs_and_content_of_no_repository_are_unreferenced()
    {
        var image = await PushAsync(A, "config", ["layer"]);
        await LinkAsync(A, "idle");
        await LinkAsync(B, "layer");
        await LinkAsync(B, "orphan");
        Assert.Null((await _engine.Metadata.UnlinkBlobAsync(B, Samples.Digest("orphan"), ContractOrigin.Request)).Error);
        var sums = await RunAsync();
        var size = image.Length + "configlayer".Length;
        Assert.Equal((size, 0, 0, "idleorphan".Length), (sums.Unique, sums.Shared, sums.Trash, sums.Unreferenced));
        Assert.Equal([("a", size, size, 0)], await ListAsync());
    }

    [Fact]
    public async Task Lost_content_takes_no_space()
    {
        var image = await PushAsync(A, "config", ["layer"], "v1");
        await PushAsync(B, "config", ["other"]);
        await _engine.Verifier.MarkLostAsync(Samples.Digest("layer"));
        await RunAsync();
        Assert.Equal(image.Length + "config".Length, (await ListAsync())[0].Referred);
        Assert.Equal([("v1", image.Length + "config".Length, image.Length)], await TagsAsync(A));
    }

    [Fact]
    public async Task The_trash_has_what_only_it_holds()
    {
        var kept = await PushAsync(A, "config", ["base"], "kept");
        var deleted = await PushAsync(A, "config", ["base", "gone"], "v1");
        await PushAsync(B, "config", ["base", "gone"]);
        await DeleteAsync(A, deleted);
        var live = deleted.Length + "configbasegone".Length;

        // Another repository still has the same image, and the trash shares it.
        await RunAsync();
        Assert.Equal([("a", kept.Length + "configbase".Length, kept.Length, 0), ("b", live, 0, 0)], await ListAsync());

        // In the trash of both, it belongs to neither.
        await DeleteAsync(B, deleted);
        var sums = await RunAsync();
        Assert.Equal((kept.Length, "configbase".Length, deleted.Length + "gone".Length, 0), (sums.Unique, sums.Shared, sums.Trash, sums.Unreferenced));
        Assert.Equal([("a", kept.Length + "configbase".Length, kept.Length, 0)], await ListAsync());

        Assert.Null((await _operations.Trash.PurgeAsync(B, Samples.Digest(deleted), null, ContractOrigin.Request)).Error);
        await RunAsync();
        Assert.Equal([("a", kept.Length + "configbase".Length, kept.Length + "configbase".Length, deleted.Length + "gone".Length)], await ListAsync());

        Assert.Null((await _operations.Trash.PurgeAsync(A, Samples.Digest(deleted), null, ContractOrigin.Request)).Error);
        sums = await RunAsync();
        Assert.Equal((0, deleted.Length + "gone".Length), (sums.Trash, sums.Unreferenced));
    }

    [Fact]
    public async Task Pages_of_any_size_have_the_same_holdings()
    {
        await PushAsync(A, "config", ["base", "first"]);
        await DeleteAsync(A, await PushAsync(A, "config", ["base", "second"]));
        await PushAsync(B, "other", ["base"]);
        var whole = await ReadAsync(1000);
        Assert.Equal(whole, await ReadAsync(1));
        Assert.Equal(whole, await ReadAsync(3));

        async Task<List<string>> ReadAsync(int limit)
        {
            var all = new List<string>();
            for (long? position = 0; position is { } after;)
            {
                var page = await _engine.Space.ReadContentAsync(after, limit);
                Assert.InRange(page.Contents.Count, 0, limit);
                all.AddRange(page.Contents.Select(content => $"{content}"));
                all.AddRange(page.Holdings.Select(holding => $"{holding}"));
                position = page.Contents.Count == limit ? page.Contents[^1].Id : null;
            }

            return [.. all.Order(StringComparer.Ordinal)];
        }
    }

    [Fact]
    public async Task The_next_round_replaces_the_figures_and_removes_those_of_empty_repositories()
    {
        var image = await PushAsync(A, "config", ["layer"], "v1");
        await PushAsync(B, "config", ["layer"], "v1");
        await RunAsync();
        var size = image.Length + "configlayer".Length;
        Assert.Equal([("a", size, 0, 0), ("b", size, 0, 0)], await ListAsync());
        Assert.Equal(size, (await _space.FindAsync(A)).Value.Referred);

        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(image), Precondition.None, ContractOrigin.Request)).Error);
        Assert.Equal(2, (await RunAsync()).Round);
        Assert.Equal([("b", size, size, 0)], await ListAsync());
        Assert.Equal(default, (await _space.FindAsync(A)).Value);
        Assert.NotNull((await _space.FindAsync(Samples.Repository("none"))).Error);
    }

    [Fact]
    public async Task The_figures_outlive_a_restart()
    {
        await PushAsync(A, "config", ["layer"]);
        var sums = await RunAsync();
        await _engine.ReopenAsync();
        Assert.Equal(sums, Assert.Single(await _engine.Space.ReadDaysAsync()));
        Assert.Single((await _engine.Space.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
    }

    [Fact]
    public async Task Each_day_keeps_its_last_round_and_the_oldest_days_go()
    {
        var day = new DateTimeOffset(2026, 11, 29, 23, 0, 0, TimeSpan.Zero);
        for (var i = 1; i <= 8; i++)
        {
            await _engine.Space.SaveSumsAsync(new SpaceSums { Round = i, At = day.AddHours(12 * (i - 1)), Clock = i, Unique = 10 * i }, keptDays: 3);
        }

        Assert.Equal([5, 7, 8], (await _engine.Space.ReadDaysAsync()).Select(sums => sums.Round));

        // A wall clock that jumps back writes over the day, and the last round is still known.
        await _engine.Space.SaveSumsAsync(new SpaceSums { Round = 9, At = day.AddDays(1), Clock = 9 }, keptDays: 3);
        Assert.Equal(9, (await _rounds.FindLastAsync())!.Round);
    }

    [Fact]
    public async Task Repositories_are_listed_in_pages_of_what_a_caller_may_see()
    {
        foreach (var name in new[] { "a/1", "a/2", "a/3", "b/1", "c/1", "c/2" })
        {
            await PushAsync(Samples.Repository(name), "config", [name]);
        }

        await RunAsync();
        var names = new List<string>();
        Page<NamedSpace> page;
        do
        {
            page = await _space.ListAsync(
                names.LastOrDefault(),
                limit: 2,
                [RepositoryRange.StartingWith("a/"), RepositoryRange.StartingWith("c/")],
                name => name.Value is not ("a/2" or "c/1"));
            names.AddRange(page.Items.Select(one => one.Name));
            Assert.InRange(page.Items.Count, 1, 2);
        }
        while (page.HasMore);
        Assert.Equal(["a/1", "a/3", "c/2"], names);
        Assert.Equal(4, (await _space.ListAsync(null, 1000, [RepositoryRange.All], _ => true)).Items.Count);
    }

    [Fact]
    public async Task A_round_that_is_stopped_saves_nothing()
    {
        await PushAsync(A, "config", ["layer"]);
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _rounds.RunAsync(stop.Token));
        Assert.Empty(await _engine.Space.ReadDaysAsync());
        Assert.Empty((await _engine.Space.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
    }

    [Fact]
    public async Task Without_a_period_a_round_is_due_when_the_figures_are_asked_for_and_are_old()
    {
        Assert.False(await _rounds.IsDueAsync());
        Assert.Empty(await _space.ReadDaysAsync());
        Assert.True(await _rounds.IsDueAsync());
        Assert.False(await _rounds.IsDueAsync());

        await RunAsync();
        Assert.Single(await _space.ReadDaysAsync());
        Assert.False(await _rounds.IsDueAsync());
        await _engine.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.False(await _rounds.IsDueAsync());
        Assert.Single(await _space.ReadDaysAsync());
        Assert.True(await _rounds.IsDueAsync());
    }

    [Fact]
    public async Task With_a_period_a_round_is_due_when_old_figures_are_looked_at_and_rounds_are_cheap()
    {
        var rounds = CreateRounds(TimeSpan.FromHours(1), new StandingTime());
        var sums = await rounds.RunAsync(default);
        Assert.False(rounds.Ask(sums));
        await _engine.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.True(rounds.Ask(sums));
        Assert.True(await rounds.IsDueAsync());

        // A process that has made no round does not know what one costs.
        Assert.False(CreateRounds(TimeSpan.FromHours(1)).Ask(sums));
    }

    [Fact]
    public async Task With_a_period_a_round_is_due_when_it_has_passed()
    {
        // It is checked as often as the period passes by the wall clock, and compared by the running clock.
        var time = new StandingTime();
        var rounds = CreateRounds(TimeSpan.FromSeconds(10), time);
        Assert.False(await rounds.IsDueAsync());
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await rounds.IsDueAsync());
        await rounds.RunAsync(default);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(await rounds.IsDueAsync());
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await rounds.IsDueAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _operations.Dispose();
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private SpaceRounds CreateRounds(TimeSpan period, TimeProvider? time = null) => new(
        _engine.Space, () => ValueTask.FromResult(7L), _engine.Clock, period, time ?? TimeProvider.System, NullLogger<SpaceRounds>.Instance);

    private Task<SpaceSums> RunAsync() => _rounds.RunAsync(default);

    private async Task<(long Referred, long Unique, long Shared)> SumAsync() => await RunAsync() is var sums ? (sums.Referred, sums.Unique, sums.Shared) : default;

    private async Task<List<(string Name, long Referred, long Unique, long Trash)>> ListAsync() =>
        [.. (await _engine.Space.ListRepositoriesAsync([RepositoryRange.All], null, 100)).Items.Select(one => (one.Name, one.Space.Referred, one.Space.Unique, one.Space.Trash))];

    private async Task<List<(string Name, long Referred, long Unique)>> TagsAsync(RepositoryName repository, bool withOthers = true) =>
        [.. (await _space.ComputeTagsAsync(repository, withOthers, default))!.Select(tag => (tag.Name, tag.Referred, tag.Unique))];

    [Fact]
    public async Task The_tags_of_a_large_repository_are_computed_once_a_minute_unless_it_changes()
    {
        var many = Enumerable.Range(0, 1000).Select(i => $"v{i}").ToArray();
        foreach (var tags in many.Chunk(100))
        {
            await PushAsync(A, "config", ["base"], tags);
        }

        var first = await ComputeAsync();
        Assert.Same(first, await ComputeAsync());
        Assert.NotSame(first, await _space.ComputeTagsAsync(A, withOthers: false, default));

        // Its own change is seen at once, and what others share after a minute.
        await PushAsync(A, "config", ["base"], "one-more");
        var second = await ComputeAsync();
        Assert.Equal(1001, second!.Count);
        await PushAsync(B, "config", ["base"], "v1");
        Assert.Same(second, await ComputeAsync());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((second[0].Referred, 0), (await ComputeAsync())![0] is var tag ? (tag.Referred, tag.Unique) : default);

        Task<IReadOnlyList<TagSpace>?> ComputeAsync() => _space.ComputeTagsAsync(A, withOthers: true, default);
    }

    private async Task LinkAsync(RepositoryName repository, string blob) =>
        Assert.Null(await _engine.Metadata.LinkBlobAsync(repository, Samples.Digest(blob), blob.Length, ContractOrigin.Request));

    private async Task<byte[]> PushAsync(RepositoryName repository, string config, IReadOnlyList<string> layers, params string[] tags)
    {
        foreach (var blob in layers.Append(config))
        {
            await LinkAsync(repository, blob);
        }

        var image = Samples.Image(config, layers.Select(layer => Samples.Layer(layer)));
        await StoreAsync(repository, image, tags);
        return image;
    }

    private async Task StoreAsync(RepositoryName repository, byte[] manifest, params string[] tags) => Assert.Null((await _operations.Manifests.PutAsync(
        repository, Samples.Digest(manifest), null, manifest, [.. tags.Select(Tag.Parse)], Precondition.None, ContractOrigin.Request, default)).Error);

    private async Task DeleteAsync(RepositoryName repository, byte[] manifest) =>
        Assert.Null((await _operations.Manifests.DeleteAsync(repository, Samples.Digest(manifest), Precondition.None, ContractOrigin.Request)).Error);

    // Stands still between advances; its timers run.
    private sealed class StandingTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
