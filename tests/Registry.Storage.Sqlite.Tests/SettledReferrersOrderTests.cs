using Microsoft.Data.Sqlite;
using Registry.Core.Collection.Records;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Tests;

/// <summary>
/// All orders in which transactions about one subject can follow each other. One writer runs them, so clients and the collector that work at once make one of
/// these orders.
/// </summary>
public sealed class SettledReferrersOrderTests : IDisposable
{
    private const int Depth = 4;
    private const int Referrers = SubjectRows.SettledAtOnce + SubjectRows.RowsPerTurn + 1;

    private static readonly RepositoryName A = RepositoryName.Parse("a");
    private static readonly byte[] Subject = Samples.Index([Samples.Child(Samples.Text("child"))]);

    private readonly SqliteConnection _connection = new("Data Source=:memory:");
    private readonly SqliteSession _session;
    private readonly List<string> _order = [];
    private int _orders;

    public SettledReferrersOrderTests()
    {
        _connection.Open();
        SqliteSchema.Migrate(_connection, "registry.db");
        _session = new SqliteSession(_connection);
        for (var i = 0; i < Referrers; i++)
        {
            Put(Referrer(i), now: 0);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_order_of_pushes_deletions_and_turns_makes_a_referrer_expire_too_early_or_stay_too_long(bool isThere)
    {
        // All referrers have been idle and no roots for long.
        Put(Subject, now: 0);
        Delete(now: 0);
        Settle(now: 0);
        if (isThere)
        {
            Put(Subject, now: 1);
            Settle(now: 1);
        }

        Continue(new State(isThere, DeletedAt: 0, Pushed: [], Past: []), now: 2);

        Assert.Equal(Enumerable.Range(1, Depth).Sum(length => (int)Math.Pow(5, length)), _orders);
    }

    public void Dispose() => _session.Dispose();

    // Every change after what has happened so far, each followed by every other.
    private void Continue(State state, long now)
    {
        if (_order.Count == Depth)
        {
            return;
        }

        Try("push", () =>
        {
            Put(Subject, now);
            return state with { Exists = true };
        });
        Try("delete", () => Delete(now) ? state with { Exists = false, DeletedAt = now, Pushed = [] } : state);
        Try("turn", () =>
        {
            SubjectRows.List(_session, 1).ForEach(unsettled => SubjectRows.Settle(_session, unsettled, now));
            return state;
        });
        Try("late turn", () =>
        {
            // By a client or a cycle that found a row before other changes.
            state.Past.ToList().ForEach(unsettled => SubjectRows.Settle(_session, unsettled, now));
            return state;
        });
        Try("push the first and the last referrer", () =>
        {
            if (SubjectRows.FindReleased(_session, A, Samples.Digest(Subject)) is not null)
            {
                return state;
            }

            Put(Referrer(0), now);
            Put(Referrer(Referrers - 1), now);
            return state with { Pushed = [0, Referrers - 1] };
        });

        void Try(string change, Func<State> run)
        {
            _orders++;
            _order.Add(change);
            _session.Execute($"SAVEPOINT change_{_order.Count}");
            var next = run();
            var unsettled = SubjectRows.List(_session, 10);
            Check(next, unsettled, now);
            Continue(next with { Past = [.. next.Past.Union(unsettled)] }, now + 1);
            _session.Execute($"ROLLBACK TO change_{_order.Count}");
            _session.Execute($"RELEASE change_{_order.Count}");
            _order.RemoveAt(_order.Count - 1);
        }
    }

    private void Check(State state, List<UnsettledSubject> unsettled, long now)
    {
        var order = string.Join(", ", _order);
        Assert.True(unsettled.Count <= 1, order);
        foreach (var number in new[] { 0, Referrers - 1 })
        {
            // All are idle when their subject is gone, and settled.
            _session.Execute("SAVEPOINT expiry");
            var mayExpire = !state.Exists && unsettled.Count == 0;
            Assert.True(mayExpire == ManifestRows.Expire(_session, At(now), A, Samples.Digest(Referrer(number)), long.MaxValue, withRoots: true), order);
            _session.Execute("ROLLBACK TO expiry");
            _session.Execute("RELEASE expiry");
        }

        _session.Execute("SAVEPOINT settled");
        Settle(now);
        CheckSettled(state, order);
        _session.Execute("ROLLBACK TO settled");
        _session.Execute("RELEASE settled");
    }

    private void CheckSettled(State state, string order)
    {
        var rows = _session.All(
            "SELECT idle_since, is_root FROM manifests WHERE subject = @1 ORDER BY id",
            row => (IdleSince: row.IsDBNull(0) ? (long?)null : row.GetInt64(0), IsRoot: row.GetInt64(1) == 1),
            Samples.Digest(Subject).Value);
        Assert.Equal(Referrers, rows.Count);
        for (var number = 0; number < Referrers; number++)
        {
            var (idleSince, isRoot) = rows[number];
            if (state.Exists)
            {
                Assert.True(idleSince is null, $"{order}: {number} is idle");
            }
            else
            {
                Assert.True(idleSince >= state.DeletedAt, $"{order}: {number} is idle since {idleSince}");
                Assert.True(isRoot == state.Pushed.Contains(number), $"{order}: {number} is {(isRoot ? "a" : "no")} root");
            }
        }
    }

    private void Settle(long now)
    {
        foreach (var unsettled in SubjectRows.List(_session, 10))
        {
            while (SubjectRows.Settle(_session, unsettled, now))
            {
            }
        }
    }

    private void Put(byte[] manifest, long now)
    {
        var put = Samples.Put(A, manifest);
        Assert.Null(ManifestRows.Put(_session, At(now), put, new PushedReferences(put.Manifest, required: null)).Error);
    }

    private bool Delete(long now) => ManifestRows.Delete(_session, At(now), A, Samples.Digest(Subject), Precondition.None).Error is null;

    private static ChangeContext At(long now) => new() { Origin = ContractOrigin.Request, Now = now, Time = DateTimeOffset.UnixEpoch };

    private static byte[] Referrer(int number) =>
        Samples.Index([Samples.Child(Samples.Text($"{number}"))], Samples.Child(Subject, MediaTypes.OciIndex));

    /// <param name="Exists">True if the subject exists.</param>
    /// <param name="DeletedAt">Time of its last deletion.</param>
    /// <param name="Pushed">Referrers that were pushed since.</param>
    /// <param name="Past">Rows that there have been.</param>
    private sealed record State(bool Exists, long DeletedAt, IReadOnlyList<int> Pushed, IReadOnlyList<UnsettledSubject> Past);
}
