using Registry.Core.Collection.Records;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite.Tests;

/// <summary>Changes of a subject with so many referrers that two turns after the change hold or release the rest of them.</summary>
public sealed class SettledReferrersTests : IAsyncDisposable
{
    private const int Referrers = SubjectRows.SettledAtOnce + SubjectRows.RowsPerTurn + 10;

    private static readonly RepositoryName A = RepositoryName.Parse("a");
    private static readonly RepositoryName B = RepositoryName.Parse("b");
    private static readonly byte[] Subject = Samples.Index([Samples.Child(Samples.Text("child"))]);

    private readonly SqliteEngine _engine = new();
    private readonly ManualResetEventSlim _gate = new();
    private readonly List<Task> _held = [];

    [Theory]
    [InlineData("delete")]
    [InlineData("expire")]
    public async Task A_removed_subject_releases_all_referrers_that_nothing_else_holds(string how)
    {
        await PushReferrersAsync();
        await PushAsync(Subject);
        await PushAsync(Referrer(0), "tag");
        await PushAsync(Samples.Index([Samples.Child(Referrer(1), MediaTypes.OciIndex)]), "index");
        await SettleAsync();
        Assert.Equal((Idle: 0, Roots: Referrers), await CountAsync());

        await _engine.AdvanceAsync(TimeSpan.FromSeconds(100));
        if (how == "delete")
        {
            await DeleteAsync();
        }
        else
        {
            await DeleteAsync(Samples.Index([Samples.Child(Subject, MediaTypes.OciIndex)]), pushFirst: true);
            Assert.Equal([Samples.Digest(Subject)], await ExpireAsync([Subject], _engine.IdleBefore(101)));
        }

        Assert.Equal((Idle: SubjectRows.SettledAtOnce - 2, Roots: Referrers - SubjectRows.SettledAtOnce), await CountAsync());
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(100));
        await SettleAsync();

        Assert.Equal((Idle: Referrers - 2, Roots: 0), await CountAsync());
        Assert.Equal(SubjectRows.SettledAtOnce - 2, await NumberAsync("SELECT COUNT(*) FROM manifests WHERE subject IS NOT NULL AND idle_since = 100"));
        Assert.Equal(Referrers - SubjectRows.SettledAtOnce, await NumberAsync("SELECT COUNT(*) FROM manifests WHERE subject IS NOT NULL AND idle_since = 200"));
    }

    [Fact]
    public async Task A_pushed_subject_holds_all_its_referrers()
    {
        await PushReferrersAsync();
        Assert.Equal((Referrers, Referrers), await CountAsync());

        await PushAsync(Subject);
        Assert.Equal((Referrers - SubjectRows.SettledAtOnce, Referrers), await CountAsync());
        await SettleAsync();

        Assert.Equal((0, Referrers), await CountAsync());
    }

    [Fact]
    public async Task Few_referrers_are_settled_with_their_subject()
    {
        await PushReferrersAsync(SubjectRows.SettledAtOnce);

        await PushAsync(Subject);
        Assert.Equal((0, SubjectRows.SettledAtOnce), await CountAsync());
        Assert.Empty(await _engine.Collector.ListUnsettledSubjectsAsync(10));

        await DeleteAsync();
        Assert.Equal((SubjectRows.SettledAtOnce, 0), await CountAsync());
        Assert.Empty(await _engine.Collector.ListUnsettledSubjectsAsync(10));
    }

    [Fact]
    public async Task No_referrer_expires_before_it_is_settled()
    {
        await PushReferrersAsync();
        await PushAsync(Subject);
        await DeleteAsync();
        await SettleAsync();
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(100));
        var all = Enumerable.Range(0, Referrers).Select(number => Referrer(number)).ToList();
        Assert.Equal(Referrers, (await _engine.Collector.CountRemovableAsync(_engine.IdleBefore(100))).Manifests);
        Assert.Equal(100, (await _engine.Collector.ListIdleManifestsAsync(_engine.IdleBefore(100), withRoots: false, 100)).Count);

        // Most of them have been idle for 100 seconds, as far as their rows say.
        await PushAsync(Subject);

        Assert.Empty(await ExpireAsync(all, _engine.IdleBefore(100), withRoots: true));
        Assert.Empty(await _engine.Collector.ListIdleManifestsAsync(_engine.IdleBefore(100), withRoots: true, 10));
        Assert.Equal(0, (await _engine.Collector.CountRemovableAsync(_engine.IdleBefore(100))).Manifests);
        Assert.Empty((await _engine.Collector.ListRemovableBlobsAsync(_engine.IdleBefore(100), 10)).Listed);
        await SettleAsync();
        Assert.Empty(await ExpireAsync(all, IdleTimes.Any, withRoots: true));

        await DeleteAsync();
        Assert.Empty(await ExpireAsync(all, IdleTimes.Any, withRoots: true));
        await SettleAsync();
        Assert.Empty(await ExpireAsync(all, _engine.IdleBefore(100)));
        Assert.Equal(Referrers, (await ExpireAsync(all, _engine.IdleBefore(101))).Count);
    }

    [Fact]
    public async Task Two_pushes_of_one_subject_at_once_leave_all_referrers_held()
    {
        await PushReferrersAsync();
        Hold();
        var pushes = new[] { PushAsync(Subject), PushAsync(Subject, "tag") };
        await ReleaseAsync();
        await Task.WhenAll(pushes);

        await SettleAsync();

        Assert.Equal((0, Referrers), await CountAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_push_and_a_deletion_at_once_do_not_wait_for_each_other(bool pushIsFirst)
    {
        await PushReferrersAsync();
        await PushAsync(Subject);
        await SettleAsync();
        Hold();
        Task[] changes = pushIsFirst
            ? [PushAsync(Subject), DeleteInTurnAsync(), PushAsync(Subject), DeleteInTurnAsync()]
            : [DeleteInTurnAsync(), PushAsync(Subject), DeleteInTurnAsync(), PushAsync(Subject)];
        await ReleaseAsync();
        await Task.WhenAll(changes);

        // One row, for the last change; the turns of the earlier ones are gone.
        var unsettled = Assert.Single(await _engine.Collector.ListUnsettledSubjectsAsync(10));
        Assert.False(await _engine.Collector.SettleReferrersAsync(unsettled with { Id = unsettled.Id - 1 }));
        Assert.Equal([unsettled], await _engine.Collector.ListUnsettledSubjectsAsync(10));
        await SettleAsync();

        Assert.Equal(pushIsFirst ? Referrers : 0, (await CountAsync()).Idle);
    }

    [Fact]
    public async Task A_subject_that_changes_between_two_turns_is_settled_from_the_beginning()
    {
        await PushReferrersAsync();
        await PushAsync(Subject);
        await SettleAsync();
        await DeleteAsync();
        Assert.True(await TurnAsync());
        Assert.Equal(SubjectRows.SettledAtOnce + SubjectRows.RowsPerTurn, (await CountAsync()).Idle);

        await PushAsync(Subject);
        Assert.True(await TurnAsync());
        Assert.Equal((0, Referrers - SubjectRows.SettledAtOnce - SubjectRows.RowsPerTurn), await CountAsync());
        await DeleteAsync();
        await SettleAsync();

        Assert.Equal((Referrers, 0), await CountAsync());
    }

    [Fact]
    public async Task A_referrer_that_is_pushed_after_its_subject_was_deleted_stays()
    {
        await PushReferrersAsync();
        await PushAsync(Subject);
        await SettleAsync();
        await DeleteAsync();
        var (before, after, another) = (Referrer(0), Referrer(Referrers - 1), Referrer(Referrers));

        Assert.Null((await _engine.Metadata.PutManifestAsync(Samples.Put(A, after))).Value);
        Assert.Equal((SubjectRows.SettledAtOnce, Referrers - SubjectRows.SettledAtOnce), await CountAsync());
        await Task.WhenAll(PushAsync(before), PushAsync(after), PushAsync(another));

        Assert.Empty(await _engine.Collector.ListUnsettledSubjectsAsync(10));
        Assert.Equal((Referrers + 1, 3), await CountAsync());
        Assert.Equal(Referrers - 2, (await ExpireAsync(Enumerable.Range(0, Referrers + 1).Select(number => Referrer(number)), IdleTimes.Any)).Count);
        Assert.NotNull(await _engine.Metadata.FindManifestAsync(A, Samples.Digest(before)));
        Assert.NotNull(await _engine.Metadata.FindManifestAsync(A, Samples.Digest(after)));
        Assert.NotNull(await _engine.Metadata.FindManifestAsync(A, Samples.Digest(another)));
    }

    [Fact]
    public async Task A_push_of_a_referrer_does_not_wait_while_its_subject_exists()
    {
        await PushReferrersAsync();
        await PushAsync(Subject);

        await PushAsync(Referrer(Referrers - 1));
        await PushAsync(Referrer(Referrers));

        Assert.Single(await _engine.Collector.ListUnsettledSubjectsAsync(10));
        Assert.Null((await _engine.Metadata.FindManifestAsync(A, Samples.Digest(Referrer(Referrers))))!.IdleSince);
        await SettleAsync();
        Assert.Equal((0, Referrers + 1), await CountAsync());
    }

    [Fact]
    public async Task Turns_that_a_kill_has_interrupted_go_on()
    {
        await PushReferrersAsync();
        await PushAsync(Subject);
        await SettleAsync();
        await DeleteAsync();
        Assert.True(await TurnAsync());

        await _engine.ReopenAsync(cleanly: false);

        Assert.Equal((SubjectRows.SettledAtOnce + SubjectRows.RowsPerTurn, 10), await CountAsync());
        await SettleAsync();
        Assert.Equal((Referrers, 0), await CountAsync());
    }

    [Fact]
    public async Task Other_changes_go_on_between_two_turns()
    {
        await PushReferrersAsync();
        await PushAsync(Subject);
        var unsettled = Assert.Single(await _engine.Collector.ListUnsettledSubjectsAsync(10));
        Assert.False(new WriteTurn(A, SubjectRows.RowsPerTurn).IsHeavy);
        Hold();
        var settled = SettleAsync(unsettled);
        var seen = new List<long?>();
        for (var i = 0; i < 20; i++)
        {
            _held.Add(_engine.Database.WriteAsync(session => seen.Add(session.Number("SELECT settled_to FROM unsettled_subjects")), new WriteTurn(B, 1)));
        }

        await ReleaseAsync();
        await settled;

        // All of them ran after the first turn and before the second, in the commit of the first.
        Assert.Equal(20, seen.Count);
        var row = Assert.Single(seen.Distinct());
        Assert.Equal(SubjectRows.SettledAtOnce + SubjectRows.RowsPerTurn, await NumberAsync("SELECT COUNT(*) FROM manifests WHERE subject IS NOT NULL AND id <= @1", row));
        Assert.Empty(await _engine.Collector.ListUnsettledSubjectsAsync(10));
    }

    [Fact]
    public async Task A_refused_push_and_a_refused_deletion_change_no_referrer()
    {
        await PushReferrersAsync();
        var never = new Precondition { Match = [Samples.Digest("other").Value] };

        Assert.Equal(
            RegistryErrorCode.PreconditionFailed, (await _engine.Metadata.PutManifestAsync(Samples.Put(A, Subject) with { Precondition = never })).Error?.Code);
        Assert.Equal((Referrers, Referrers), await CountAsync());

        await PushAsync(Subject);
        await SettleAsync();
        Assert.Equal(
            RegistryErrorCode.PreconditionFailed, (await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(Subject), never)).Error?.Code);
        Assert.Equal((0, Referrers), await CountAsync());
        Assert.Empty(await _engine.Collector.ListUnsettledSubjectsAsync(10));
    }

    [Fact]
    public async Task Subjects_are_settled_in_the_order_of_their_changes_also_after_another_one()
    {
        await PushReferrersAsync();
        var other = Samples.Index([Samples.Child(Samples.Text("other"))]);
        await Task.WhenAll(Enumerable.Range(0, SubjectRows.SettledAtOnce + 1).Select(i => PushAsync(Referrer(i, other))));
        await PushAsync(Subject);
        await PushAsync(other);
        Assert.Equal([Samples.Digest(Subject), Samples.Digest(other)], await ListAsync());

        await DeleteAsync();
        Assert.Equal([Samples.Digest(other), Samples.Digest(Subject)], await ListAsync());
        Assert.Single(await _engine.Collector.ListUnsettledSubjectsAsync(1));

        async Task<IEnumerable<Digest>> ListAsync() => (await _engine.Collector.ListUnsettledSubjectsAsync(10)).Select(unsettled => unsettled.Subject);
    }

    public async ValueTask DisposeAsync()
    {
        _gate.Set();
        await _engine.DisposeAsync();
        _gate.Dispose();
    }

    private static byte[] Referrer(int number) => Referrer(number, Subject);

    private static byte[] Referrer(int number, byte[] subject) =>
        Samples.Index([Samples.Child(Samples.Text($"{number}"))], Samples.Child(subject, MediaTypes.OciIndex));

    private Task PushReferrersAsync(int count = Referrers) => Task.WhenAll(Enumerable.Range(0, count).Select(number => PushAsync(Referrer(number))));

    // As ManifestOperations does.
    private async Task PushAsync(byte[] manifest, params string[] tags)
    {
        var put = Samples.Put(A, manifest, tags).Requiring(ManifestReferences.Sparse);
        while ((await _engine.Metadata.PutManifestAsync(put)).Value is null)
        {
            while (await _engine.Metadata.ReleaseReferrersAsync(A, put.Manifest.Subject!.Digest))
            {
            }
        }
    }

    private async Task DeleteAsync(byte[]? manifest = null, bool pushFirst = false)
    {
        if (pushFirst)
        {
            await PushAsync(manifest!);
        }

        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(manifest ?? Subject), Precondition.None)).Error);
    }

    // Takes its place in the queue of the writer at once, without the queries before it.
    private async Task DeleteInTurnAsync() => Assert.Null((await _engine.Database.WriteAsync(
        session => ManifestRows.Delete(
            session, new ChangeContext { Origin = ContractOrigin.Request, Now = _engine.Clock.Now, Time = DateTimeOffset.UnixEpoch }, A, Samples.Digest(Subject), Precondition.None),
        new WriteTurn(A, 1))).Error);

    private Task<IReadOnlyList<Digest>> ExpireAsync(IEnumerable<byte[]> manifests, TimeSpan grace, bool withRoots = false) =>
        _engine.Collector.ExpireManifestsAsync(A, [.. manifests.Select(manifest => Samples.Digest(manifest))], grace, withRoots);

    private async Task SettleAsync()
    {
        foreach (var unsettled in await _engine.Collector.ListUnsettledSubjectsAsync(10))
        {
            await SettleAsync(unsettled);
        }

        Assert.Empty(await _engine.Collector.ListUnsettledSubjectsAsync(10));
    }

    private async Task SettleAsync(UnsettledSubject unsettled)
    {
        while (await _engine.Collector.SettleReferrersAsync(unsettled))
        {
        }
    }

    // One turn; true if there are more.
    private async Task<bool> TurnAsync()
    {
        var unsettled = Assert.Single(await _engine.Collector.ListUnsettledSubjectsAsync(10));
        return (await _engine.Database.WriteAsync<bool>(session => SubjectRows.Settle(session, unsettled, _engine.Clock.Now))).Value;
    }

    private Task<(long Idle, long Roots)> CountAsync() => _engine.Database.ReadAsync(session => (
        session.Number("SELECT COUNT(*) FROM manifests WHERE subject IS NOT NULL AND idle_since IS NOT NULL")!.Value,
        session.Number("SELECT COUNT(*) FROM manifests WHERE subject IS NOT NULL AND is_root = 1")!.Value));

    private Task<long?> NumberAsync(string sql, params object?[] arguments) => _engine.Database.ReadAsync(session => session.Number(sql, arguments));

    // Occupies the writer until all changes of the test wait in its queue.
    private void Hold()
    {
        using var begun = new ManualResetEventSlim();
        _held.Add(_engine.Database.WriteAsync(_ =>
        {
            begun.Set();
            Assert.True(_gate.Wait(Patience.Limit));
        }, new WriteTurn(A, 10_000)));
        Assert.True(begun.Wait(Patience.Limit));
    }

    private async Task ReleaseAsync()
    {
        _gate.Set();
        await Task.WhenAll(_held).WaitAsync(Patience.Limit);
        _held.Clear();
    }
}
