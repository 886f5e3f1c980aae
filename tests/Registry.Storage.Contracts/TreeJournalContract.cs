using Registry.Core.Changes;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts;

/// <summary>Contract of <see cref="ITreeJournal"/>, together with its metadata.</summary>
public abstract class TreeJournalContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly byte[] First = Samples.Image("config", [], note: "first");
    private static readonly byte[] Second = Samples.Image("config", [], note: "second");

    [Fact]
    public async Task Every_change_of_the_metadata_that_the_tree_shows_is_a_row()
    {
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await engine.Metadata.MountBlobAsync(A, Samples.Repository("b"), Samples.Digest("config"));
        await engine.Metadata.PutManifestAsync(Samples.Put(A, First, "v1"));
        await engine.Metadata.PutManifestAsync(Samples.Put(A, Second, "v1", "v2"));
        await engine.Metadata.DeleteManifestAsync(A, Tag.Parse("v2"), Precondition.None);
        await engine.Metadata.DeleteManifestAsync(A, Samples.Digest(First), Precondition.None);
        await engine.Metadata.DeleteManifestAsync(A, Samples.Digest(Second), Precondition.None);
        await engine.Metadata.UnlinkBlobAsync(A, Samples.Digest("config"));
        Assert.Equal(
            [
                $"LinkLayer a  {Samples.Digest("config")}",
                $"LinkLayer b  {Samples.Digest("config")}",
                $"AddRevision a  {Samples.Digest(First)}",
                $"SetTag a v1 {Samples.Digest(First)}",
                $"AddRevision a  {Samples.Digest(Second)}",
                $"SetTag a v1 {Samples.Digest(Second)}",
                $"SetTag a v2 {Samples.Digest(Second)}",
                "RemoveTag a v2 ",
                $"ForgetTagRevision a v1 {Samples.Digest(First)}",
                $"RemoveRevision a  {Samples.Digest(First)}",
                "RemoveTag a v1 ",
                $"RemoveRevision a  {Samples.Digest(Second)}",
                $"UnlinkLayer a  {Samples.Digest("config")}",
            ],
            (await ReadAsync()).Select(change => $"{change.Kind} {change.Repository} {change.Tag} {change.Digest}"));
    }

    [Fact]
    public async Task What_changes_nothing_in_the_tree_writes_no_row()
    {
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        var before = (await ReadAsync()).Count;
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await engine.Metadata.MountBlobAsync(A, A, Samples.Digest("config"));
        await engine.Metadata.PutManifestAsync(Samples.Put(A, First, "v1") with { Precondition = new() { Match = [] } });
        await engine.Metadata.DeleteManifestAsync(A, Tag.Parse("v1"), Precondition.None);
        await engine.IndexTarget.AddRepositoryAsync(new TreeRepository { Name = A, Layers = [new(Samples.Digest("indexed"), 7)] });
        Assert.Equal(before, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task Rows_are_read_in_order_and_in_parts_and_deleted_up_to_an_id()
    {
        for (var i = 0; i < 10; i++)
        {
            await engine.Metadata.LinkBlobAsync(A, Samples.Digest($"{i}"), 1);
        }

        var rows = await ReadAsync();
        Assert.Equal(rows.Select(row => row.Id).Order(), rows.Select(row => row.Id));
        Assert.Equal(rows.Take(4), await engine.Journal.ReadAsync(0, 4));
        Assert.Equal(rows.Skip(4), await engine.Journal.ReadAsync(rows[3].Id, 100));

        await engine.Journal.DeleteAsync(rows[6].Id, []);
        Assert.Equal(rows.Skip(7), await ReadAsync());
        await engine.Journal.DeleteAsync(rows[6].Id, []);
        Assert.Equal(rows.Skip(7), await ReadAsync());
    }

    [Fact]
    public async Task Rows_that_are_excepted_stay()
    {
        for (var i = 0; i < 10; i++)
        {
            await engine.Metadata.LinkBlobAsync(A, Samples.Digest($"{i}"), 1);
        }

        var rows = await ReadAsync();
        await engine.Journal.DeleteAsync(rows[8].Id, [rows[0].Id, rows[3].Id, rows[4].Id]);
        Assert.Equal([rows[0], rows[3], rows[4], rows[9]], await ReadAsync());
        await engine.Journal.DeleteAsync(rows[8].Id, [rows[8].Id]);
        Assert.Equal([rows[9]], await ReadAsync());
    }

    [Fact]
    public async Task Ids_grow_even_when_all_rows_were_deleted_and_the_process_was_restarted()
    {
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        var last = (await ReadAsync())[^1].Id;
        await engine.Journal.DeleteAsync(last, []);
        await engine.ReopenAsync();
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("y"), 1);
        Assert.True((await ReadAsync()).Single().Id > last);
    }

    [Fact]
    public async Task Rows_survive_a_restart_clean_or_not()
    {
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        var rows = await ReadAsync();
        await engine.ReopenAsync(cleanly: false);
        Assert.Equal(rows, await ReadAsync());
        await engine.ReopenAsync();
        Assert.Equal(rows, await ReadAsync());
    }

    [Fact]
    public async Task A_listener_is_told_once_the_rows_can_be_read_and_before_the_mutation_is_answered()
    {
        var told = 0;
        engine.Journal.Written += Count;
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        Assert.Equal(1, Volatile.Read(ref told));
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("x"), 1);
        Assert.Equal(1, Volatile.Read(ref told));
        engine.Journal.Written -= Count;
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("y"), 1);
        Assert.Equal(1, Volatile.Read(ref told));

        void Count() => Interlocked.Increment(ref told);
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private Task<IReadOnlyList<TreeChange>> ReadAsync() => engine.Journal.ReadAsync(0, 1000);
}
