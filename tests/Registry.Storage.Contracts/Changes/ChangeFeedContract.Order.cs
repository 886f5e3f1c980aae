using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Changes;

/// <summary>Order and completeness of the changes while many mutations run at the same time, and the call that wakes a consumer.</summary>
public abstract partial class ChangeFeedContract
{
    private const int Writers = 8;

    [Fact]
    public async Task A_reader_that_follows_while_many_write_misses_nothing_and_finds_mutations_whole_and_in_order()
    {
        const int Pushes = 20;
        foreach (var repository in Enumerable.Range(0, Writers).SelectMany(writer => new[] { Of(writer, 0), Of(writer, 1) }))
        {
            await Metadata.LinkBlobAsync(repository, Samples.Digest("config"), 6);
        }

        var before = (await ReadAsync())[^1].Sequence;
        var followed = new List<RegistryChange>();
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => PushAsync(writer))));
        while (!writing.IsCompleted)
        {
            await FollowAsync();
        }

        await writing;
        await engine.SettleFeedAsync();
        await FollowAsync();

        Assert.Equal(await engine.ReadChangesAsync(before), followed);
        Assert.Equal(followed.Select(change => change.Sequence).Order().Distinct(), followed.Select(change => change.Sequence));
        for (var writer = 0; writer < Writers; writer++)
        {
            var own = new[] { Of(writer, 0), Of(writer, 1) };
            Assert.Equal(
                Enumerable.Range(0, Pushes).Select(push => Samples.Digest(Image(writer, push))),
                followed.Where(change => own.Contains(change.Repository)).Select(change => change.Digest!.Value).Distinct());
        }

        // Each push follows the answer to the one before, in another repository.
        async Task PushAsync(int writer)
        {
            for (var push = 0; push < Pushes; push++)
            {
                Assert.Null((await Metadata.PutManifestAsync(Samples.Put(Of(writer, push % 2), Image(writer, push), "v1", "v2"))).Error);
            }
        }

        async Task FollowAsync()
        {
            var page = await engine.Feed.ReadAsync(followed.Count == 0 ? before : followed[^1].Sequence, int.MaxValue);
            followed.AddRange(page);
            foreach (var push in page.GroupBy(change => change.Digest))
            {
                Assert.Equal([ChangeKind.ManifestAdded, ChangeKind.TagSet, ChangeKind.TagSet], push.Select(change => change.Kind));
            }
        }

        static RepositoryName Of(int writer, int number) => Samples.Repository($"writer-{writer}/{number}");

        static byte[] Image(int writer, int push) => Samples.Image("config", [], note: $"{writer} {push}");
    }

    [Fact]
    public async Task The_changes_of_a_tag_that_many_move_are_in_the_order_in_which_they_took_effect()
    {
        await Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var push = 0; push < 10; push++)
            {
                Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, Samples.Image("config", [], note: $"{writer} {push}"), "moved"))).Error);
            }
        })));

        var moves = (await ReadAsync()).Where(change => change.Kind == ChangeKind.TagSet).ToList();

        Assert.Equal(10 * Writers, moves.Count);
        Assert.Equal(moves.SkipLast(1).Select(move => move.Digest).Prepend(null), moves.Select(move => move.Previous));
        Assert.Equal(moves[^1].Digest, (await Metadata.FindManifestAsync(A, Tag.Parse("moved")))?.Digest);
    }

    [Fact]
    public async Task A_listener_is_told_once_the_changes_can_be_read()
    {
        var told = 0;
        Task<IReadOnlyList<RegistryChange>>? read = null;
        engine.Feed.Recorded += Listen;
        await Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        await engine.SettleFeedAsync();
        Assert.Equal(1, Volatile.Read(ref told));
        Assert.Equal(Samples.Digest("x"), Assert.Single(await read!).Digest);
        await Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        await engine.SettleFeedAsync();
        Assert.Equal(1, Volatile.Read(ref told));
        engine.Feed.Recorded -= Listen;
        await Metadata.LinkBlobAsync(A, Samples.Digest("y"), 1);
        await engine.SettleFeedAsync();
        Assert.Equal(1, Volatile.Read(ref told));

        void Listen()
        {
            read = engine.Feed.ReadAsync(0, 10);
            Interlocked.Increment(ref told);
        }
    }
}
