using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Tree;
using Registry.Storage.Sqlite;

namespace Registry.Core.Tests.Storage.FileSystem;

public class TreeMirrorTests
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");

    [Fact]
    public async Task After_an_unclean_stop_the_journal_is_carried_out_again()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.PushImageAsync(A, "app 2", "latest");
        var tree = Path.Combine(storage.Path, "repositories");
        storage.Storage.Health.Fail("killed");
        await storage.CloseAsync();
        var expected = Tree.List(tree);
        Assert.Equal(9, expected.Count);

        // The rows of a process that was killed are still there when its tree is already complete, and when nothing of it is.
        await AssertReplayedAsync(storage, expected, () => { });
        await AssertReplayedAsync(storage, expected, () => Directory.Delete(tree, recursive: true));
    }

    [Fact]
    public async Task Everything_can_be_done_twice_deletions_included()
    {
        await using var storage = await TestStorage.CreateAsync();
        var first = await storage.PushImageAsync(A, "app", "latest");
        await storage.PutAsync(A, first, "v1");
        var second = await storage.PushImageAsync(A, "app 2", "latest");
        await storage.DeleteAsync(A, Samples.Digest(first));
        await storage.DeleteAsync(A, Tag.Parse("latest"));
        await storage.PutAsync(A, second, "v1");
        await storage.PushBlobAsync(A, "unneeded");
        Assert.Null((await storage.Blobs.DeleteAsync(A, Samples.Digest("unneeded"))).Error);
        await storage.ReopenAsync(cleanly: false);
        await storage.ReopenAsync(cleanly: false);
        await storage.CloseAsync();
        Assert.Equal(
            new[]
            {
                Layer("app config"), Layer("app layer"), Layer("app 2 config"), Layer("app 2 layer"),
                $"a/_manifests/revisions/{Link(second)}", $"a/_manifests/tags/v1/index/{Link(second)}",
                $"a/_manifests/tags/v1/current/link = {Samples.Digest(second)}",
            }.Order(StringComparer.Ordinal),
            Tree.List(Path.Combine(storage.Path, "repositories")));

        static string Layer(string content) => $"a/_layers/{Link(Samples.Text(content))}";
    }

    [Fact]
    public async Task After_a_clean_stop_nothing_is_left_to_do()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.CloseAsync();
        Assert.Empty(await ReadJournalAsync(storage));
    }

    [Fact]
    public async Task A_tree_that_cannot_be_written_fails_no_request_and_catches_up()
    {
        await using var storage = await TestStorage.CreateAsync();
        var obstacle = Path.Combine(storage.Path, "repositories", "a");
        Tree.Write("a file where a folder must go", obstacle);
        var image = await storage.PushImageAsync(A, "app", "latest");
        await Eventually.TrueAsync(() => storage.Storage.TreeFailure is not null);
        Assert.Contains(obstacle, storage.Storage.TreeFailure, StringComparison.Ordinal);
        Assert.Equal(image, await storage.GetAsync(A, Tag.Parse("latest")));
        Assert.Null(storage.Storage.Health.Failure);

        File.Delete(obstacle);
        await storage.PushBlobAsync(B, "another change wakes it");
        await Eventually.TrueAsync(() => storage.Storage.TreeFailure is null);
        Assert.Single(storage.Log.Entries, entry => entry.Level == LogLevel.Error && entry.Message.Contains("behind the metadata", StringComparison.Ordinal));
        await storage.CloseAsync();
        Assert.Equal(6, Tree.List(Path.Combine(storage.Path, "repositories")).Count);
    }

    [Fact]
    public async Task A_repository_that_cannot_be_written_holds_up_no_other_and_loses_nothing()
    {
        await using var storage = await TestStorage.CreateAsync();
        var obstacle = Path.Combine(storage.Path, "repositories", "a");
        Tree.Write("a file where a folder must go", obstacle);
        await storage.PushImageAsync(A, "app", "latest");
        await storage.PushImageAsync(B, "app", "latest");
        await storage.DeleteAsync(A, Tag.Parse("latest"));
        await storage.PushImageAsync(B, "app 2", "latest");
        Assert.Null((await storage.Blobs.DeleteAsync(A, await storage.PushBlobAsync(A, "unneeded"))).Error);
        await Eventually.TrueAsync(() => storage.Storage.TreeFailure?.Contains(obstacle, StringComparison.Ordinal) == true);
        await storage.CloseAsync();
        Assert.Equal(9, Tree.List(Path.Combine(storage.Path, "repositories", "b")).Count);
        Assert.Equal(7, (await ReadJournalAsync(storage)).Count);
        Assert.All(await ReadJournalAsync(storage), row => Assert.Equal(A, row.Repository));

        File.Delete(obstacle);
        await using (var again = await TestStorage.CreateAsync(storage.Path))
        {
            await Eventually.TrueAsync(() => Directory.Exists(Path.Combine(obstacle, "_manifests", "revisions")));
        }

        Assert.Equal(3, Tree.List(obstacle).Count);
        Assert.Empty(await ReadJournalAsync(storage));
    }

    [Fact]
    public async Task An_unknown_kind_of_row_holds_up_its_repository_only()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.CloseAsync();
        using (var database = OpenDatabase(storage))
        {
            await database.WriteAsync(session => SqliteTreeJournal.Append(session, (TreeChangeKind)99, A, null, Samples.Digest("x")));
        }

        await using var again = await TestStorage.CreateAsync(storage.Path);
        await again.PushImageAsync(B, "app", "latest");
        await Eventually.TrueAsync(() => again.Storage.TreeFailure is not null);
        Assert.Contains("unknown kind", again.Storage.TreeFailure, StringComparison.Ordinal);
        await again.CloseAsync();
        Assert.Equal(5, Tree.List(Path.Combine(storage.Path, "repositories")).Count);
        Assert.Equal(A, Assert.Single(await ReadJournalAsync(storage)).Repository);
    }

    [Fact]
    public async Task It_continues_after_an_unexpected_fault()
    {
        await using var storage = await TestStorage.CreateAsync();
        var journal = new FaultyJournal { Fault = new InvalidOperationException("a mistake") };
        var log = storage.Loggers.CreateLogger<TreeMirror>();
        await using var mirror = new TreeMirror(storage.Storage.Paths, journal, storage.Storage.Threads, storage.Time, log);
        await Eventually.TrueAsync(() => mirror.Failure is not null);
        Assert.Contains("InvalidOperationException: a mistake", mirror.Failure, StringComparison.Ordinal);
        journal.Fault = null;
        journal.Add(TreeChangeKind.LinkLayer, B);
        await Eventually.TrueAsync(() => mirror.Failure is null);
        Assert.Single(Tree.List(storage.Storage.Paths.Repositories));
    }

    [Fact]
    public async Task After_a_sync_that_failed_everything_is_written_again()
    {
        await using var storage = await TestStorage.CreateAsync();
        var tree = storage.Storage.Paths.Repositories;
        var journal = new FaultyJournal();
        var log = storage.Loggers.CreateLogger<TreeMirror>();
        await using var mirror = new TreeMirror(storage.Storage.Paths, journal, storage.Storage.Threads, storage.Time, log);
        journal.Add(TreeChangeKind.LinkLayer, A);
        await Eventually.TrueAsync(() => Tree.List(tree).Count == 1);

        // What cannot be opened cannot be synced.
        Directory.Delete(tree, recursive: true);
        Tree.Write("a file", tree);
        storage.Time.Advance(TimeSpan.FromSeconds(30));
        journal.Wake();
        await Eventually.TrueAsync(() => mirror.Failure is not null);
        Assert.Single(await journal.ReadAsync(0, 10));

        File.Delete(tree);
        Directory.CreateDirectory(tree);
        journal.Wake();
        await Eventually.TrueAsync(() => journal.IsEmpty);
        Assert.Single(Tree.List(tree));
    }

    [Fact]
    public async Task What_could_not_be_written_before_the_stop_is_written_after_the_next_start()
    {
        await using var storage = await TestStorage.CreateAsync();
        var obstacle = Path.Combine(storage.Path, "repositories", "a");
        Tree.Write("a file where a folder must go", obstacle);
        await storage.PushImageAsync(A, "app", "latest");
        await storage.CloseAsync();
        Assert.NotEmpty(await ReadJournalAsync(storage));

        File.Delete(obstacle);
        await using (var again = await TestStorage.CreateAsync(storage.Path))
        {
            await again.CloseAsync();
        }

        Assert.Equal(5, Tree.List(Path.Combine(storage.Path, "repositories")).Count);
        Assert.Empty(await ReadJournalAsync(storage));
    }

    [Fact]
    public async Task Many_changes_at_once_all_reach_the_tree()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "config");
        await Task.WhenAll(Enumerable.Range(0, 700).Select(i => Task.Run(
            () => storage.Storage.Metadata.MountBlobAsync(A, Samples.Repository($"r{i % 7}/x{i}"), Samples.Digest("config")))));
        await storage.CloseAsync();
        Assert.Equal(701, Tree.List(Path.Combine(storage.Path, "repositories")).Count);
        Assert.Empty(await ReadJournalAsync(storage));
    }

    private static string Link(byte[] content)
    {
        var digest = Samples.Digest(content);
        return $"sha256/{digest.Hex}/link = {digest}";
    }

    // The folder as a process that was killed leaves it: rows in the journal, and a tree in some state.
    private static async Task AssertReplayedAsync(TestStorage storage, IReadOnlyList<string> expected, Action damage)
    {
        damage();
        await using var again = await TestStorage.CreateAsync(storage.Path);
        again.Storage.Health.Fail("killed");
        await again.CloseAsync();
        Assert.Equal(expected, Tree.List(Path.Combine(storage.Path, "repositories")));
    }

    private static async Task<IReadOnlyList<TreeChange>> ReadJournalAsync(TestStorage storage)
    {
        using var database = OpenDatabase(storage);
        return await new SqliteTreeJournal(database).ReadAsync(0, 1000);
    }

    private static SqliteDatabase OpenDatabase(TestStorage storage) => SqliteDatabase.Open(
        Path.Combine(storage.Path, "registry.db"),
        new StorageHealth(NullLogger<StorageHealth>.Instance),
        new RunningClock(TimeProvider.System));

    /// <summary>Journal in memory whose calls can fail.</summary>
    private sealed class FaultyJournal : ITreeJournal
    {
        private readonly ConcurrentQueue<TreeChange> _rows = new();
        private Exception? _fault;

        public event Action? Written;

        public Exception? Fault
        {
            set => Volatile.Write(ref _fault, value);
        }

        public bool IsEmpty => _rows.IsEmpty;

        public void Add(TreeChangeKind kind, RepositoryName repository)
        {
            _rows.Enqueue(new TreeChange(_rows.Count + 1, kind, repository, null, Samples.Digest("x")));
            Wake();
        }

        public void Wake() => Written?.Invoke();

        public Task<IReadOnlyList<TreeChange>> ReadAsync(long afterId, int limit) => Volatile.Read(ref _fault) is { } fault
            ? throw fault
            : Task.FromResult<IReadOnlyList<TreeChange>>([.. _rows.Where(row => row.Id > afterId).Take(limit)]);

        public Task DeleteAsync(long upToId, IReadOnlyList<long> except)
        {
            while (_rows.TryPeek(out var row) && row.Id <= upToId)
            {
                _rows.TryDequeue(out _);
            }

            return Task.CompletedTask;
        }
    }
}
