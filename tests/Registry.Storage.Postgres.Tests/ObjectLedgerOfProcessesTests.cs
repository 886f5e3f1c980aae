using Npgsql;
using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Objects;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads.Sessions;
using Registry.Storage.Contracts;
using Registry.Testing.Engines;

namespace Registry.Storage.Postgres.Tests;

/// <summary>Several processes and one ledger of objects: some stop, some seem to have stopped, and answers of the server are lost.</summary>
public sealed class ObjectLedgerOfProcessesTests : IAsyncLifetime
{
    private const int All = 10_000;

    private static readonly Guid Holder = Guid.NewGuid();
    private static readonly Guid OtherHolder = Guid.NewGuid();

    private readonly Guid _upload = Guid.NewGuid();

    private TestDatabase _database = null!;
    private PostgresSettings _settings = null!;
    private PostgresDatabase _node = null!;
    private PostgresDatabase _otherNode = null!;
    private PostgresObjectLedger _ledger = null!;
    private PostgresObjectLedger _other = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();

        // A change that waits in a test waits for the test.
        _settings = _database.Settings with { LockTimeout = Patience.Limit };
        _node = await PostgresDatabase.OpenAsync(_settings);
        _otherNode = await PostgresDatabase.OpenAsync(_settings);
        _ledger = new PostgresObjectLedger(_node);
        _other = new PostgresObjectLedger(_otherNode);
    }

    [Fact]
    public async Task A_process_that_has_lost_an_upload_changes_nothing_of_it()
    {
        var lost = await SaveAsync(_ledger, _upload) with { Reserved = 9 };
        var taken = await _other.TakeAsync(_upload, OtherHolder);
        Assert.Equal(2, taken.Lease.Generation);
        Assert.Equal(18, taken.Length);

        await AssertLostAsync(lost);

        Assert.Equal(taken with { Parts = [] }, await _other.TakeAsync(_upload, OtherHolder) with { Parts = [] });
        Assert.Equal(["parts", "rest"], (await _other.EndAsync(taken.Lease, null))!.Select(due => due.Key).Order());
    }

    [Fact]
    public async Task Nor_does_it_when_the_upload_has_ended_and_begun_again_in_its_first_generation()
    {
        var lost = await SaveAsync(_ledger, _upload);
        Assert.NotNull(await _other.EndAsync((await _other.TakeAsync(_upload, OtherHolder)).Lease, null));
        var begun = await _other.TakeAsync(_upload, OtherHolder);
        Assert.Equal(lost.Lease, begun.Lease);

        await AssertLostAsync(lost);

        Assert.True(await _other.SaveAsync(begun with { Reserved = 1 }, known: 0));
        Assert.Equal(0, (await _other.TakeAsync(_upload, OtherHolder)).Length);
    }

    [Fact]
    public async Task Of_two_that_take_an_upload_at_once_one_has_it()
    {
        for (var i = 0; i < 30; i++)
        {
            var upload = Guid.NewGuid();
            var taken = await Task.WhenAll(Task.Run(() => _ledger.TakeAsync(upload, Holder)), Task.Run(() => _other.TakeAsync(upload, OtherHolder)));
            Assert.Equal([1, 2], taken.Select(one => one.Lease.Generation).Order());
            var saved = await Task.WhenAll(
                Task.Run(() => _ledger.SaveAsync(taken[0] with { Reserved = 1 }, known: 0)), Task.Run(() => _other.SaveAsync(taken[1] with { Reserved = 2 }, known: 0)));
            Assert.Single(saved, isSaved => isSaved);
            Assert.Equal(taken[1].Lease.Generation == 2, saved[1]);
        }
    }

    [Fact]
    public async Task Of_two_that_end_an_upload_at_once_one_is_told_what_is_due()
    {
        for (var i = 0; i < 30; i++)
        {
            var upload = Guid.NewGuid();
            var lease = (await _ledger.TakeAsync(upload, Holder)).Lease;
            Assert.True(await _ledger.AddAsync(lease, $"key {i}", null));
            var ended = await Task.WhenAll(Task.Run(() => _ledger.EndAsync(lease, null)), Task.Run(() => _ledger.EndAsync(upload, Holder)));
            Assert.Equal([$"key {i}"], Assert.Single(ended, due => due is not null)!.Select(due => due.Key));
        }
    }

    [Fact]
    public async Task What_a_process_that_runs_has_is_left_and_what_a_dead_one_had_is_taken_or_ended()
    {
        var (sessions, otherSessions) = (new PostgresUploadSessions(_node), new PostgresUploadSessions(_otherNode));
        var (unnamed, ofOther) = (Guid.NewGuid(), Guid.NewGuid());
        await AddSessionAsync(sessions, _upload);
        var named = await SaveAsync(_ledger, _upload);
        var ofRequest = (await _ledger.TakeAsync(unnamed, Holder)).Lease;
        Assert.True(await _ledger.AddAsync(ofRequest, "of one request", "its parts"));
        await AddSessionAsync(otherSessions, ofOther);
        var own = await _other.TakeAsync(ofOther, OtherHolder);

        Assert.DoesNotContain(otherSessions.TakeOver(), session => session.Id != ofOther);
        Assert.Empty(_other.TakeAll([ofOther], OtherHolder));

        // Also when it asks for them.
        Assert.Empty(_other.TakeAll([_upload, unnamed, ofOther], OtherHolder));
        Assert.True(await _ledger.SaveAsync(named, known: 2));
        Assert.True(await _ledger.AddAsync(ofRequest, "more", null));
        Assert.Equal(own.Lease, (await _other.TakeAsync(ofOther, OtherHolder)).Lease);
        Assert.Empty(await _other.ListDueAsync(All));

        await SeemEndedAsync(_node);
        var taken = Assert.Single(otherSessions.TakeOver(), session => session.Id != ofOther);
        Assert.Equal([KeyValuePair.Create(taken.Id, 18L)], _other.TakeAll([taken.Id, ofOther], OtherHolder));

        Assert.Equal(["more", "of one request"], (await _other.ListDueAsync(All)).Select(due => due.Key).Order());
        await AssertLostAsync(named);
        Assert.Null(await _ledger.EndAsync(unnamed, Holder));
        Assert.Equal(2, (await _other.TakeAsync(_upload, OtherHolder)).Lease.Generation);
    }

    [Fact]
    public async Task A_process_that_has_lost_the_session_cannot_take_the_upload()
    {
        await AddSessionAsync(new PostgresUploadSessions(_node), _upload);
        var lost = await SaveAsync(_ledger, _upload);
        await SeemEndedAsync(_node);
        Assert.Single(new PostgresUploadSessions(_otherNode).TakeOver());

        // Also before the other one has taken the objects.
        var refused = await Assert.ThrowsAsync<StorageException>(() => _ledger.TakeAsync(_upload, Guid.NewGuid()));
        Assert.Equal(UploadLease.Lost, refused.Message);
        Assert.True(refused.IsTransient);
        Assert.Equal(18, (await _other.TakeAsync(_upload, OtherHolder)).Length);
        await AssertLostAsync(lost);
        await Assert.ThrowsAsync<StorageException>(() => _ledger.TakeAsync(_upload, Guid.NewGuid()));
    }

    [Fact]
    public async Task A_key_that_is_being_added_while_its_upload_is_ended_elsewhere_is_due()
    {
        var lease = (await _ledger.TakeAsync(_upload, Holder)).Lease;
        await SeemEndedAsync(_node);

        // The change has the upload, and waits to add the key.
        await using var stop = await _database.ConnectAsync();
        await using var transaction = await StopAsync(stop, "object_keys");
        var adding = _ledger.AddAsync(lease, "late", null);
        await _database.WaitForWaitersAsync(1);
        var ending = Task.Run(() => _other.TakeAll([], OtherHolder));
        await _database.WaitForWaitersAsync(2);
        await transaction.RollbackAsync();

        Assert.True(await adding);
        Assert.Empty(await ending);
        Assert.Equal([new CondemnedObject("late", null)], await _other.ListDueAsync(All));
    }

    [Fact]
    public async Task An_upload_that_is_being_taken_while_those_of_its_process_are_ended_is_left()
    {
        await SaveAsync(_ledger, _upload);
        await SeemEndedAsync(_node);
        await using var third = await PostgresDatabase.OpenAsync(_settings);

        // The change has taken the upload, and waits to read its parts.
        await using var stop = await _database.ConnectAsync();
        await using var transaction = await StopAsync(stop, "upload_parts");
        var taking = _other.TakeAsync(_upload, OtherHolder);
        await _database.WaitForWaitersAsync(1);
        var ending = Task.Run(() => new PostgresObjectLedger(third).TakeAll([], Guid.NewGuid()));
        await _database.WaitForWaitersAsync(2);
        await transaction.RollbackAsync();

        Assert.Empty(await ending);
        Assert.True(await _other.SaveAsync(await taking, known: 2));
        Assert.Equal(18, (await _other.TakeAsync(_upload, OtherHolder)).Length);
        Assert.Empty(await _other.ListDueAsync(All));
    }

    [Fact]
    public async Task Two_that_delete_what_is_due_forget_it_and_nothing_else()
    {
        var keys = Enumerable.Range(0, 500).Select(i => $"key {i}").ToList();
        foreach (var key in keys.Append("recorded").Append("kept"))
        {
            await _ledger.AddAsync(key);
        }

        await new PostgresMetadataStore(_node, TimeProvider.System, Core.Policies.NoRules.Instance)
            .LinkBlobAsync(Samples.Repository("a"), new(Samples.Digest("a"), "recorded"), 1, ContractOrigin.Request);
        await _ledger.CondemnAsync([.. keys, "recorded"], TimeSpan.Zero);
        var (listed, listedByOther) = (await _ledger.ListDueAsync(All), await _other.ListDueAsync(All));
        Assert.Equal(500, listed.Count);
        Assert.Equal(listed.ToHashSet(), listedByOther.ToHashSet());

        await Task.WhenAll(
            Task.Run(() => _ledger.ForgetAsync([.. listed.Select(due => due.Key)])),
            Task.Run(() => _other.CondemnAsync([.. listed.Select(due => due.Key)], TimeSpan.Zero)),
            Task.Run(() => _other.ForgetAsync([.. listedByOther.Select(due => due.Key).Reverse()])));

        Assert.Empty(await _ledger.ListDueAsync(All));
        Assert.Equal("kept,recorded", await _database.RunAsync("SELECT string_agg(key, ',' ORDER BY key) FROM object_keys"));
    }

    [Fact]
    public async Task A_change_whose_answer_is_lost_is_made_again_and_counts_once()
    {
        await using var cutter = new PostgresProxy(PostgresCluster.Current.Server.Port);
        await using var node = await PostgresDatabase.OpenAsync(_settings with
        {
            ConnectionString = new NpgsqlConnectionStringBuilder(_settings.ConnectionString) { Port = cutter.Port }.ConnectionString,
        });
        var ledger = new PostgresObjectLedger(node);
        byte[] mark = _upload.ToByteArray(bigEndian: true);
        var cuts = 0;
        await SaveAsync(_other, _upload);

        var taken = await CutAsync(mark, () => ledger.TakeAsync(_upload, OtherHolder));
        Assert.Equal(2, taken.Lease.Generation);
        var saved = taken with { Parts = [.. taken.Parts, new ObjectPart(20, "\"c\"")], Rest = null };
        Assert.True(await CutAsync(mark, () => ledger.SaveAsync(saved, known: 2)));
        Assert.Equal(saved.Parts, (await ledger.TakeAsync(_upload, OtherHolder)).Parts);
        Assert.True(await CutAsync(mark, () => ledger.AddAsync(saved.Lease, "third", null)));
        await CutAsync("unfenced"u8.ToArray(), () => AsValue(ledger.AddAsync("unfenced")));
        await CutAsync("unfenced"u8.ToArray(), () => AsValue(ledger.CondemnAsync(["unfenced"], TimeSpan.Zero)));
        Assert.Equal([new CondemnedObject("unfenced", null)], await ledger.ListDueAsync(All));
        await CutAsync("unfenced"u8.ToArray(), () => AsValue(ledger.ForgetAsync(["unfenced"])));
        Assert.Equal([KeyValuePair.Create(_upload, 31L)], await CutAsync(mark, () => Task.Run(() => ledger.TakeAll([_upload], Holder))));
        var lease = (await ledger.TakeAsync(_upload, Holder)).Lease;
        Assert.Equal(3, lease.Generation);

        // Only the caller can decide what an unknown end means.
        var fault = await Assert.ThrowsAsync<StorageException>(() => CutAsync(mark, () => ledger.EndAsync(lease, "parts")));
        Assert.StartsWith("The metadata may or may not have been written, because the connection was cut during the commit: ", fault.Message, StringComparison.Ordinal);
        Assert.Null(await ledger.EndAsync(lease, "parts"));
        Assert.Equal(["rest", "third"], (await ledger.ListDueAsync(All)).Select(due => due.Key).Order());
        Assert.Equal(8, cutter.LostCommits);

        async Task<T> CutAsync<T>(byte[] of, Func<Task<T>> change)
        {
            cutter.LoseCommit(of);
            try
            {
                return await change();
            }
            finally
            {
                Assert.Equal(++cuts, cutter.LostCommits);
            }
        }

        static async Task<bool> AsValue(Task change)
        {
            await change;
            return true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _otherNode.DisposeAsync();
        await _database.DisposeAsync();
    }

    private static async Task AddSessionAsync(PostgresUploadSessions sessions, Guid id) => Assert.Null(await sessions.AddAsync(
        new StoredUploadSession(id, Samples.Repository("a"), "alice", ClientNetwork.Unknown, DigestAlgorithm.Sha256), new UploadShares(100)));

    // 18 bytes in two parts and a rest.
    private static async Task<UploadObjects> SaveAsync(PostgresObjectLedger ledger, Guid upload)
    {
        var lease = (await ledger.TakeAsync(upload, Holder)).Lease;
        Assert.True(await ledger.AddAsync(lease, "parts", "multipart"));
        Assert.True(await ledger.AddAsync(lease, "rest", null));
        var saved = new UploadObjects(lease)
        {
            Key = "parts",
            Multipart = "multipart",
            Parts = [new ObjectPart(5, "\"a\""), new ObjectPart(6, "\"b\"")],
            Reserved = 2,
            Rest = new ObjectRest("rest", 7),
        };
        Assert.True(await ledger.SaveAsync(saved, known: 0));
        return saved;
    }

    private async Task AssertLostAsync(UploadObjects lost)
    {
        Assert.False(await _ledger.SaveAsync(lost, known: 0));
        Assert.False(await _ledger.AddAsync(lost.Lease, "late", null));
        Assert.Null(await _ledger.EndAsync(lost.Lease, null));
        Assert.Null(await _ledger.EndAsync(lost.Lease.Upload, Holder));
        Assert.Null(await _database.RunAsync("SELECT key FROM object_keys WHERE key = 'late'"));
    }

    // Keeps changes of a table, and reads, waiting until the transaction ends.
    private static async Task<NpgsqlTransaction> StopAsync(NpgsqlConnection connection, string table)
    {
        var transaction = await connection.BeginTransactionAsync();
#pragma warning disable CA2100 // Constants of this file.
        await using var command = new NpgsqlCommand($"LOCK TABLE {table}", connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
        return transaction;
    }

    // As a process that was frozen for longer than its row says that it runs. It renews the row each second.
    private async Task SeemEndedAsync(PostgresDatabase node)
    {
        await _database.RunAsync("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
        await _database.RunAsync(
            $"CREATE TRIGGER frozen BEFORE INSERT OR UPDATE ON processes FOR EACH ROW WHEN (NEW.id = '{node.Process}') EXECUTE FUNCTION keep()");
        await _database.RunAsync($"DELETE FROM processes WHERE id = '{node.Process}'");
    }
}
