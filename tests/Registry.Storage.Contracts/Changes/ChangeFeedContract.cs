using Registry.Core.Changes;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Changes;

/// <summary>Contract of <see cref="IChangeFeed"/>, together with its metadata.</summary>
public abstract partial class ChangeFeedContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly byte[] First = Samples.Image("config", [], note: "first");
    private static readonly byte[] Second = Samples.Image("config", [], note: "second");

    // A little more than the retention.
    private static readonly TimeSpan Age = IChangeFeed.Retention + TimeSpan.FromDays(1);

    private IMetadataStore Metadata => engine.Metadata;

    [Fact]
    public async Task Every_change_is_recorded_in_order()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Metadata.MountBlobAsync(A, B, Samples.Digest("config"));
        await Metadata.PutManifestAsync(Samples.Put(A, First, "v1"));
        await Metadata.PutManifestAsync(Samples.Put(A, Second, "v1", "v2"));
        await Metadata.DeleteManifestAsync(A, Tag.Parse("v2"), Precondition.None);
        await Metadata.DeleteManifestAsync(A, Samples.Digest(First), Precondition.None);
        await Metadata.DeleteManifestAsync(A, Samples.Digest(Second), Precondition.None);
        await Metadata.UnlinkBlobAsync(A, Samples.Digest("config"));
        Assert.Equal(
            [
                $"BlobLinked a  {Samples.Digest("config")} ",
                $"BlobLinked b  {Samples.Digest("config")} ",
                $"ManifestAdded a  {Samples.Digest(First)} ",
                $"TagSet a v1 {Samples.Digest(First)} ",
                $"ManifestAdded a  {Samples.Digest(Second)} ",
                $"TagSet a v1 {Samples.Digest(Second)} {Samples.Digest(First)}",
                $"TagSet a v2 {Samples.Digest(Second)} ",
                $"TagRemoved a v2  {Samples.Digest(Second)}",
                $"TagForgotten a v1 {Samples.Digest(First)} ",
                $"ManifestRemoved a  {Samples.Digest(First)} ",
                $"TagRemoved a v1  {Samples.Digest(Second)}",
                $"ManifestRemoved a  {Samples.Digest(Second)} ",
                $"BlobUnlinked a  {Samples.Digest("config")} ",
            ],
            (await ReadAsync()).Select(change => $"{change.Kind} {change.Repository} {change.Tag} {change.Digest} {change.Previous}"));
    }

    [Fact]
    public async Task A_tag_that_moves_back_has_a_change_for_each_move()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        foreach (var image in new[] { First, Second, First, First })
        {
            await Metadata.PutManifestAsync(Samples.Put(A, image, "v1"));
        }

        var (first, second) = (Samples.Digest(First), Samples.Digest(Second));
        Assert.Equal(
            [(null, first), (first, second), (second, first), (first, first)],
            (await ReadAsync()).Where(change => change.Kind == ChangeKind.TagSet).Select(change => (change.Previous, change.Digest!.Value)));
    }

    [Fact]
    public async Task A_change_has_its_origin_its_time_and_what_was_changed()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await engine.AdvanceAsync(TimeSpan.FromSeconds(90));
        await Metadata.PutManifestAsync(Samples.Put(A, First, "v1"));

        var changes = await ReadAsync();

        Assert.All(changes, change => Assert.Equal(ContractOrigin.Request, change.Origin));
        Assert.All(changes, change => Assert.Null(change.Reason));
        Assert.Equal([(long?)6, First.Length, First.Length], changes.Select(change => change.Size));
        Assert.Equal([null, MediaTypes.OciManifest, MediaTypes.OciManifest], changes.Select(change => change.MediaType));
        Assert.Equal(engine.UnixTime, changes[^1].Time.ToUnixTimeSeconds());
        Assert.Equal(TimeSpan.FromSeconds(90), changes[^1].Time - changes[0].Time);
    }

    [Fact]
    public async Task A_push_without_a_user_has_no_actor()
    {
        var anonymous = new ChangeOrigin { Source = ChangeSource.Request, Request = "1" };
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6, anonymous);
        Assert.Equal(anonymous, Assert.Single(await ReadAsync()).Origin);
    }

    [Fact]
    public async Task What_expires_is_recorded_with_the_reason()
    {
        var index = Samples.Index([Samples.Child(First)]);
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Metadata.PutManifestAsync(Samples.Put(A, First));
        await Metadata.PutManifestAsync(Samples.Put(A, index));
        await Metadata.DeleteManifestAsync(A, Samples.Digest(index), Precondition.None);
        var before = (await ReadAsync())[^1].Sequence;
        await engine.Collector.ExpireManifestsAsync(A, [Samples.Digest(First)], IdleTimes.Any, withRoots: false);
        await engine.Collector.ExpireLinksAsync(IdleTimes.Any, 10);

        var changes = await engine.ReadChangesAsync(before);

        Assert.Equal([ChangeKind.ManifestRemoved, ChangeKind.BlobUnlinked], changes.Select(change => change.Kind));
        Assert.All(changes, change => Assert.Equal((ChangeOrigin.Collector, "expired"), (change.Origin, change.Reason)));
    }

    [Fact]
    public async Task What_changes_nothing_records_nothing()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        var before = (await ReadAsync()).Count;
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Metadata.MountBlobAsync(A, A, Samples.Digest("config"));
        await Metadata.PutManifestAsync(Samples.Put(A, First, "v1") with { Precondition = new() { Match = [] } });
        await Metadata.DeleteManifestAsync(A, Tag.Parse("v1"), Precondition.None);
        engine.Rules.Tag = _ => new Core.Errors.RegistryError(Core.Errors.RegistryErrorCode.Denied);
        await Metadata.PutManifestAsync(Samples.Put(A, First, "v1"));
        await engine.IndexTarget.AddRepositoryAsync(new TreeRepository { Name = A, Layers = [new(Samples.Digest("indexed"), 7)] });
        Assert.Equal(before, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task Changes_are_read_in_order_and_in_parts()
    {
        for (var i = 0; i < 10; i++)
        {
            await Metadata.LinkBlobAsync(i % 2 == 0 ? A : B, Samples.Digest($"{i}"), 1);
        }

        var changes = await ReadAsync();
        Assert.Equal(changes.Select(change => change.Sequence).Order(), changes.Select(change => change.Sequence));
        Assert.Equal(changes.Take(4), await engine.Feed.ReadAsync(0, 4));
        Assert.Equal(changes.Skip(4), await engine.Feed.ReadAsync(changes[3].Sequence, 100));
        Assert.Equal([changes[3], changes[5]], await engine.Feed.ReadAsync([B], changes[1].Sequence, changes[8].Sequence, 2));
        Assert.Equal([changes[2], changes[4]], await engine.Feed.ReadAsync([A], changes[0].Sequence, changes[5].Sequence, 100));
        Assert.Equal(changes.Take(3..6), await engine.Feed.ReadAsync([A, B, Samples.Repository("c")], changes[2].Sequence, changes[5].Sequence, 100));
        Assert.Empty(await engine.Feed.ReadAsync([Samples.Repository("c")], 0, changes[^1].Sequence, 100));
    }

    [Fact]
    public async Task A_position_is_kept_across_restarts_and_removes_the_blobs_it_has_passed()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Metadata.PutManifestAsync(Samples.Put(A, First, "v1"));
        await Metadata.PutManifestAsync(Samples.Put(A, Second, "v1"));
        await Metadata.DeleteManifestAsync(A, Samples.Digest(First), Precondition.None);
        await Metadata.LinkBlobAsync(A, Samples.Digest("later"), 5);
        var changes = await ReadAsync();
        Assert.Equal(0, await engine.Feed.FindPositionAsync(ChangeConsumers.Tree));

        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, changes[^2].Sequence);

        foreach (var cleanly in new[] { true, false })
        {
            await engine.ReopenAsync(cleanly);
            Assert.Equal(changes[^2].Sequence, await engine.Feed.FindPositionAsync(ChangeConsumers.Tree));
            Assert.Equal(
                [
                    ChangeKind.ManifestAdded, ChangeKind.TagSet, ChangeKind.ManifestAdded, ChangeKind.TagSet, ChangeKind.ManifestRemoved,
                    ChangeKind.BlobLinked,
                ],
                (await ReadAsync()).Select(change => change.Kind));
        }
    }

    [Fact]
    public async Task Blobs_wait_for_the_slowest_consumer()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        await Metadata.LinkBlobAsync(A, Samples.Digest("y"), 1);
        var changes = await ReadAsync();
        await engine.Feed.AcknowledgeAsync("other", changes[0].Sequence);
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, changes[1].Sequence);
        Assert.Equal([changes[1]], await ReadAsync());
        await engine.Feed.AcknowledgeAsync("other", changes[1].Sequence);
        Assert.Empty(await ReadAsync());
    }

    [Fact]
    public async Task Only_the_changes_of_a_repository_that_is_held_back_stay_behind_the_position()
    {
        for (var i = 0; i < 1500; i++)
        {
            await Metadata.LinkBlobAsync(i % 3 == 0 ? A : B, Samples.Digest($"{i}"), 1);
        }

        var changes = await ReadAsync();
        var ofA = changes.Where(change => change.Repository == A).ToList();
        var last = changes[^1].Sequence;
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, last, new Dictionary<RepositoryName, long> { [A] = ofA[9].Sequence });
        Assert.Equal(ofA.Skip(10), await ReadAsync());

        await engine.ReopenAsync();
        Assert.Equal([new(A, ofA[9].Sequence)], await engine.Feed.FindHeldAsync(ChangeConsumers.Tree));
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, last, new Dictionary<RepositoryName, long> { [A] = ofA[400].Sequence });
        Assert.Equal(ofA.Skip(401), await ReadAsync());
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, last);
        Assert.Empty(await ReadAsync());
        Assert.Empty(await engine.Feed.FindHeldAsync(ChangeConsumers.Tree));
        Assert.Equal(0, await engine.Feed.FindLostAsync());
    }

    [Fact]
    public async Task Many_repositories_that_were_held_back_end_together()
    {
        const int Repositories = 450;
        var names = Enumerable.Range(0, Repositories).Select(i => Samples.Repository($"team-{i}/x.y")).ToList();
        await Task.WhenAll(names.Select(name => Metadata.LinkBlobAsync(name, Samples.Digest("x"), 1)));
        await Metadata.LinkBlobAsync(B, Samples.Digest("x"), 1);
        var last = (await ReadAsync())[^1].Sequence;
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, last, names.ToDictionary(name => name, _ => 0L));
        Assert.Equal(names.ToHashSet(), (await ReadAsync()).Select(change => change.Repository).ToHashSet());

        var held = names.Take(3).ToDictionary(name => name, _ => 0L);
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, last, held);
        Assert.Equal(held.Keys.ToHashSet(), (await ReadAsync()).Select(change => change.Repository).ToHashSet());
        Assert.Equal(held, await engine.Feed.FindHeldAsync(ChangeConsumers.Tree));
    }

    [Fact]
    public async Task Sequences_grow_even_when_all_changes_were_removed_and_the_process_was_restarted()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        var last = (await ReadAsync())[^1].Sequence;
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, last);
        Assert.Empty(await ReadAsync());
        await engine.ReopenAsync();
        await Metadata.LinkBlobAsync(A, Samples.Digest("y"), 1);
        Assert.True((await ReadAsync()).Single().Sequence > last);
    }

    [Fact]
    public async Task Changes_survive_a_restart_clean_or_not()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        var changes = await ReadAsync();
        await engine.ReopenAsync(cleanly: false);
        Assert.Equal(changes, await ReadAsync());
        await engine.ReopenAsync();
        Assert.Equal(changes, await ReadAsync());
    }

    [Fact]
    public async Task Old_changes_go_except_those_that_set_a_tag_to_what_it_is()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Metadata.PutManifestAsync(Samples.Put(A, First, "moved"));
        await Metadata.PutManifestAsync(Samples.Put(A, Second, "moved"));
        await Metadata.PutManifestAsync(Samples.Put(A, Second, "deleted"));
        await Metadata.DeleteManifestAsync(A, Tag.Parse("deleted"), Precondition.None);
        await Metadata.PutManifestAsync(Samples.Put(B, Samples.Index([]), "moved"));
        await engine.AdvanceAsync(Age);
        await PassAsync();

        Assert.Equal(
            [$"TagSet a moved {Samples.Digest(Second)}", $"TagSet b moved {Samples.Digest(Samples.Index([]))}"],
            (await ReadAsync()).Select(change => $"{change.Kind} {change.Repository} {change.Tag} {change.Digest}").SkipLast(1));
    }

    [Fact]
    public async Task A_kept_change_of_a_tag_goes_when_its_successor_is_old()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Metadata.PutManifestAsync(Samples.Put(A, First, "moved", "deleted"));
        await engine.AdvanceAsync(Age);
        await PassAsync();
        await Metadata.PutManifestAsync(Samples.Put(A, Second, "moved"));
        await Metadata.DeleteManifestAsync(A, Tag.Parse("deleted"), Precondition.None);
        await PassAsync();
        Assert.Equal(["deleted", "deleted", "moved", "moved"], (await TagsAsync()).Order(StringComparer.Ordinal));

        await engine.AdvanceAsync(Age);
        await PassAsync();
        Assert.Equal(["moved"], await TagsAsync());

        async Task<IEnumerable<string>> TagsAsync() =>
            (await ReadAsync()).Where(change => change.Kind is ChangeKind.TagSet or ChangeKind.TagRemoved).Select(change => change.Tag!.Value.Value);
    }

    [Fact]
    public async Task A_consumer_that_never_moves_on_keeps_no_old_changes()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        await engine.Feed.AcknowledgeAsync("dead", 0);
        await engine.AdvanceAsync(Age);
        await PassAsync();
        await PassAsync();
        Assert.DoesNotContain(await ReadAsync(), change => change.Digest == Samples.Digest("x"));
        Assert.Equal(0, await engine.Feed.FindPositionAsync("dead"));
        Assert.InRange(await engine.Feed.FindLostAsync(), 1, await engine.Feed.FindPositionAsync(ChangeConsumers.Tree));
    }

    [Fact]
    public async Task No_old_change_stays_when_many_changes_follow()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Metadata.PutManifestAsync(Samples.Put(A, First, [.. Enumerable.Range(0, 1000).Select(i => $"t{i}")]));
        await Metadata.DeleteManifestAsync(A, Samples.Digest(First), Precondition.None);
        await PassAsync();
        Assert.Equal(2003, (await ReadAsync()).Count);
        await engine.AdvanceAsync(Age);
        await Metadata.PutManifestAsync(Samples.Put(A, Second, [.. Enumerable.Range(0, 1100).Select(i => $"n{i}")]));
        await PassAsync();
        Assert.Equal(1102, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task Pushes_that_change_no_tag_leave_nothing()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Metadata.PutManifestAsync(Samples.Put(A, First, "v1"));
        for (var batch = 0; batch < 10; batch++)
        {
            await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => Metadata.PutManifestAsync(Samples.Put(A, First, "v1"))));
            await PassAsync();
        }

        var changes = await ReadAsync();
        Assert.Equal(10, changes.Count(change => change.Repository != A));
        Assert.Equal([ChangeKind.ManifestAdded, ChangeKind.TagSet], changes.Where(change => change.Repository == A).Select(change => change.Kind));
        Assert.Null(changes.Single(change => change.Kind == ChangeKind.TagSet).Previous);
    }

    [Fact]
    public async Task A_change_that_set_a_tag_stays_until_the_next_one_is_old()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Metadata.PutManifestAsync(Samples.Put(A, First, "moved", "deleted"));
        await engine.AdvanceAsync(TimeSpan.FromDays(399));
        await Metadata.PutManifestAsync(Samples.Put(A, Second, "moved"));
        await Metadata.DeleteManifestAsync(A, Tag.Parse("deleted"), Precondition.None);
        await engine.AdvanceAsync(TimeSpan.FromDays(2));
        await PassAsync();
        Assert.Equal(["deleted set", "deleted removed", "moved set", "moved set"], await TagsAsync());

        await engine.AdvanceAsync(TimeSpan.FromDays(399));
        await PassAsync();
        Assert.Equal(["moved set"], await TagsAsync());

        async Task<IEnumerable<string>> TagsAsync() =>
            (await ReadAsync()).Where(change => change.Tag is not null).OrderBy(change => change.Tag!.Value.Value, StringComparer.Ordinal)
            .ThenBy(change => change.Sequence).Select(change => $"{change.Tag} {(change.Kind == ChangeKind.TagSet ? "set" : "removed")}");
    }

    [Fact]
    public async Task All_old_changes_go_while_the_position_stands_still()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Metadata.PutManifestAsync(Samples.Put(A, First, [.. Enumerable.Range(0, 1000).Select(i => $"t{i}")]));
        await Metadata.DeleteManifestAsync(A, Samples.Digest(First), Precondition.None);
        Assert.Equal(2003, (await ReadAsync()).Count);
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, 1);
        Assert.Equal(2002, (await ReadAsync()).Count);
        await engine.AdvanceAsync(Age);
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, 1);
        Assert.Empty(await ReadAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private Task<IReadOnlyList<RegistryChange>> ReadAsync() => engine.ReadChangesAsync();

    // Records a change, since a consumer moves on by changes, and passes everything.
    private async Task PassAsync()
    {
        await Metadata.PutManifestAsync(Samples.Put(Samples.Repository("passing"), Samples.Index([Samples.Layer($"{Guid.NewGuid()}", MediaTypes.OciManifest)])));
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, (await ReadAsync())[^1].Sequence);
    }
}
