using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Errors;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Space;

namespace Registry.Storage.Sqlite.Tests;

public sealed class SqliteDatabaseTests : IAsyncDisposable
{
    private readonly SqliteEngine _engine = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task No_statement_needs_a_folder_for_temporary_files()
    {
        const long InMemory = 2;
        using var database = Open(Path.Combine(_folder.Path, "registry.db"));

        Assert.Equal(InMemory, await database.ReadAsync(session => session.Number("PRAGMA temp_store")));
        long? written = null;
        await database.WriteAsync(session => written = session.Number("PRAGMA temp_store"));
        Assert.Equal(InMemory, written);
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(10, 10 | (12 << 8))]
    public async Task Lack_of_memory_is_no_fault_of_the_storage(int code, int extendedCode)
    {
        using var database = Open(Path.Combine(_folder.Path, "registry.db"));
        SqliteException fault = new("out of memory", code, extendedCode);

        var read = await Assert.ThrowsAsync<InsufficientMemoryException>(() => database.ReadAsync<int>(_ => throw fault));
        var written = await Assert.ThrowsAsync<InsufficientMemoryException>(() => database.WriteAsync(_ => throw fault));

        Assert.Equal("SQLite: out of memory", read.Message);
        Assert.Equal("SQLite: out of memory", written.Message);
        await database.WriteAsync(session => SqliteDatabase.WriteMeta(session, "after", 1));
        Assert.Equal(1, await database.ReadAsync(session => SqliteDatabase.ReadMeta(session, "after")));
    }

    [Fact]
    public void A_database_of_a_newer_program_is_refused_and_left_as_it_is()
    {
        var path = Path.Combine(_folder.Path, "registry.db");
        Open(path).Dispose();
        Execute(path, "PRAGMA user_version = 99");
        var thrown = Assert.Throws<StorageException>(() => Open(path));
        Assert.Contains("of a newer version of the registry (its schema is 99", thrown.Message, StringComparison.Ordinal);
        Execute(path, $"PRAGMA user_version = {SqliteSchema.Version}");
        Open(path).Dispose();
    }

    [Fact]
    public async Task A_byte_flipped_where_any_page_says_what_it_is_is_found()
    {
        const int PageSize = 4096;
        var path = Path.Combine(_folder.Path, "registry.db");
        Open(path).Dispose();
        var whole = File.ReadAllBytes(path);
        for (var page = 0; page < whole.Length / PageSize; page++)
        {
            // The first page has the header of the file before that.
            var damaged = whole.ToArray();
            damaged[(page * PageSize) + (page == 0 ? 100 : 0)] ^= 1;
            File.WriteAllBytes(path, damaged);
            Assert.True(await IsFoundAsync(), $"page {page}");
            foreach (var file in Directory.EnumerateFiles(_folder.Path))
            {
                File.Delete(file);
            }
        }

        async Task<bool> IsFoundAsync()
        {
            try
            {
                using var database = Open(path);
                return (await new SqliteVerifierMetadata(database).FindDamageAsync()).Count > 0;
            }
            catch (StorageException e)
            {
                return e.Message.Contains("Run 'registry reindex' to rebuild it", StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_in_words()
    {
        var path = Path.Combine(_folder.Path, "registry.db");
        File.WriteAllText(path, new string('x', 10_000));
        var thrown = Assert.Throws<StorageException>(() => Open(path));
        Assert.Contains("registry.db", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be opened", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_database_commits_durably_and_beside_its_readers()
    {
        using var database = Open(Path.Combine(_folder.Path, "registry.db"));
        await database.WriteAsync(session =>
        {
            Assert.Equal("wal", session.First("PRAGMA journal_mode", row => row.GetString(0)));
            Assert.Equal(2, session.Number("PRAGMA synchronous"));
            Assert.Equal(1, session.Number("PRAGMA foreign_keys"));
        });
    }

    [Fact]
    public async Task A_mutation_that_throws_takes_back_only_itself()
    {
        var mutations = Enumerable.Range(0, 300).Select(i => _engine.Database.WriteAsync<bool>(session =>
        {
            session.Execute("INSERT INTO meta (key, value) VALUES (@1, @2)", $"k{i}", (long)i);
            return (i % 4) switch
            {
                0 => throw new InvalidOperationException($"fault {i}"),
                1 => RegistryErrorCode.BadRequest,
                2 => Fail(session),
                _ => true,
            };
        })).ToList();
        for (var i = 0; i < mutations.Count; i++)
        {
            switch (i % 4)
            {
                case 0:
                    Assert.Equal($"fault {i}", (await Assert.ThrowsAsync<InvalidOperationException>(() => mutations[i])).Message);
                    break;
                case 1:
                    Assert.NotNull((await mutations[i]).Error);
                    break;
                case 2:
                    Assert.False((await Assert.ThrowsAsync<StorageException>(() => mutations[i])).IsFull);
                    break;
                default:
                    Assert.True((await mutations[i]).Value);
                    break;
            }
        }

        var kept = await _engine.Database.ReadAsync(session => session.All("SELECT value FROM meta WHERE key LIKE 'k%' ORDER BY value", row => row.GetInt64(0)));
        Assert.Equal(Enumerable.Range(0, 300).Where(i => i % 4 == 3).Select(i => (long)i), kept);
        Assert.Null(_engine.Health.Failure);

        static Result<bool> Fail(SqliteSession session) => session.Execute("INSERT INTO meta (key, value) VALUES (NULL, NULL)") > 0;
    }

    [Fact]
    public async Task A_reader_cannot_write()
    {
        var thrown = await Assert.ThrowsAsync<StorageException>(
            () => _engine.Database.ReadAsync(session => session.Execute("DELETE FROM meta")));
        Assert.Contains("could not be read", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_cannot_be_opened_is_a_fault_of_the_storage_and_is_opened_when_it_can_be()
    {
        var path = Path.Combine(_folder.Path, "registry.db");
        using var database = Open(path);
        File.Move(path, $"{path}.away");

        var thrown = await Assert.ThrowsAsync<StorageException>(() => database.ReadAsync(session => session.Number("SELECT 1")));
        Assert.Contains("The metadata could not be read: SQLite Error 14", thrown.Message, StringComparison.Ordinal);

        File.Move($"{path}.away", path);
        Assert.Equal(1, await database.ReadAsync(session => session.Number("SELECT 1")));
    }

    [Fact]
    public async Task A_database_without_room_fails_the_write_as_full_and_goes_on_when_there_is_room()
    {
        await _engine.Database.WriteAsync(session =>
        {
            var pages = session.Number("PRAGMA page_count")!.Value;
            session.Number($"PRAGMA max_page_count = {pages + 2}");
        });
        StorageException? full = null;
        for (var i = 0; full is null && i < 2000; i++)
        {
            full = await Record.ExceptionAsync(() => LinkAsync(i)) as StorageException;
        }

        Assert.True(full?.IsFull);
        Assert.Null(_engine.Health.Failure);
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(Samples.Repository("a"), Samples.Digest("0")));

        await _engine.Database.WriteAsync(session => { session.Number("PRAGMA max_page_count = 1000000"); });
        for (var i = 2000; i < 2010; i++)
        {
            await LinkAsync(i);
        }

        Task LinkAsync(int i) => _engine.Metadata.LinkBlobAsync(Samples.Repository("a"), Samples.Digest($"{i}"), 1);
    }

    // The first attempt holds a durable change for the next commit, since its own needs no sync.
    [Fact]
    public async Task A_second_attempt_at_a_commit_on_a_full_disk_loses_no_change_that_waits()
    {
        var ballast = new StorageBallast(Path.Combine(_folder.Path, "ballast"));
        Assert.True(ballast.TryHold());
        using var database = SqliteDatabase.Open(
            Path.Combine(_folder.Path, "registry.db"), new StorageHealth(NullLogger<StorageHealth>.Instance, ballast), TimeProvider.System);
        using var begun = new ManualResetEventSlim();
        using var gate = new ManualResetEventSlim();
        var first = database.WriteUnsyncedAsync(session =>
        {
            begun.Set();
            Assert.True(gate.Wait(Patience.Limit));
            if (ballast.IsHeld)
            {
                throw new StorageException("no space left on device", isFull: true);
            }

            SqliteDatabase.WriteMeta(session, "first", 1);
        });
        Assert.True(begun.Wait(Patience.Limit));
        var later = Enumerable.Range(0, 3).Select(i => database.WriteAsync(session => SqliteDatabase.WriteMeta(session, $"later {i}", 1))).ToList();
        gate.Set();

        await Task.WhenAll([first, .. later]).WaitAsync(Patience.Limit);

        Assert.False(ballast.IsHeld);
        Assert.Equal(4, await database.ReadAsync(session => session.Number("SELECT COUNT(*) FROM meta WHERE key = 'first' OR key LIKE 'later %'")));
    }

    [Fact]
    public async Task After_a_failure_writes_are_refused_and_reads_go_on()
    {
        await _engine.Metadata.LinkBlobAsync(Samples.Repository("a"), Samples.Digest("x"), 1);
        _engine.Health.Fail("the disk is gone");
        var thrown = await Assert.ThrowsAsync<StorageException>(
            () => _engine.Metadata.LinkBlobAsync(Samples.Repository("a"), Samples.Digest("y"), 1));
        Assert.Contains("the disk is gone", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(1, await _engine.Metadata.FindSizeAsync(Samples.Repository("a"), Samples.Digest("x")));
    }

    [Fact]
    public async Task A_closed_database_refuses_writes_in_words()
    {
        var database = Open(Path.Combine(_folder.Path, "registry.db"));
        database.Dispose();
        var thrown = await Assert.ThrowsAsync<StorageException>(() => database.SetTreeIndexedAsync());
        Assert.Contains("closed", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_when_the_database_is_closed_is_still_written()
    {
        var path = Path.Combine(_folder.Path, "registry.db");
        var database = Open(path);
        var metadata = new SqliteMetadataStore(database, TimeProvider.System, NoRules.Instance);
        var writes = Enumerable.Range(0, 100)
            .Select(i => metadata.LinkBlobAsync(Samples.Repository("a"), Samples.Digest($"{i}"), 1)).ToList();
        database.Dispose();
        await Task.WhenAll(writes);
        using var again = Open(path);
        Assert.Equal(100, await again.ReadAsync(session => session.Number("SELECT COUNT(*) FROM blob_links")));
    }

    [Fact]
    public async Task The_log_of_a_large_change_does_not_stay_large()
    {
        const int Rows = 400_000;
        var log = new FileInfo($"{_engine.Path}-wal");
        await _engine.Database.WriteAsync(session =>
        {
            session.Execute(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @1) INSERT INTO meta SELECT 'a key of some length ' || (i * 7919), i FROM n",
                (long)Rows);
        });
        log.Refresh();
        Assert.True(log.Length > 16 * 1024 * 1024);
        for (var i = 0; i < 3; i++)
        {
            await _engine.Database.SetTreeIndexedAsync();
        }

        log.Refresh();
        Assert.True(log.Length <= 16 * 1024 * 1024, $"{log.Length} bytes");
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _folder.Dispose();
    }

    private static SqliteDatabase Open(string path) =>
        SqliteDatabase.Open(path, new StorageHealth(NullLogger<StorageHealth>.Instance), TimeProvider.System);

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
