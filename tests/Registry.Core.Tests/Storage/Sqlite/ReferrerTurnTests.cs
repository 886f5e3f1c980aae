using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Sqlite;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Core.Tests.Storage.Sqlite;

/// <summary>Changes of a subject with so many referrers that they are held and released in turns with other changes.</summary>
public sealed class ReferrerTurnTests : IAsyncDisposable
{
    private const int Referrers = SqliteReferrerTurns.Many + 50;

    private static readonly RepositoryName A = RepositoryName.Parse("a");
    private static readonly byte[] Subject = Samples.Index([Samples.Child(Samples.Text("child"))]);

    private readonly SqliteEngine _engine = new();

    [Fact]
    public async Task A_deletion_releases_all_that_nothing_else_holds()
    {
        await PushReferrersAsync();
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, Subject));
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, Referrer(0), "tag"));
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, Samples.Index([Samples.Child(Referrer(1), MediaTypes.OciIndex)]), "index"));
        Assert.Equal(0, await CountIdleAsync());

        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(Subject), Precondition.None)).Error);

        Assert.Equal(Referrers - 2, await CountIdleAsync());
        Assert.Equal(0, await CountAsync("SELECT COUNT(*) FROM manifests WHERE subject IS NOT NULL AND is_root = 1"));
        Assert.Equal(0, await CountAsync("SELECT COUNT(*) FROM released_subjects"));
    }

    [Fact]
    public async Task A_release_that_a_stop_has_interrupted_goes_on()
    {
        await PushReferrersAsync();
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, Subject));

        // The deletion alone.
        await _engine.Database.WriteAsync(session => ManifestRows.Delete(session, A, Samples.Digest(Subject), Precondition.None, now: 1), new WriteTurn(A, 1));
        Assert.Equal(0, await CountIdleAsync());
        Assert.Equal((A, Samples.Digest(Subject)), await _engine.Collector.FindReleasedSubjectAsync());

        await _engine.Collector.ReleaseReferrersAsync(A, Samples.Digest(Subject));

        Assert.Equal(Referrers, await CountIdleAsync());
        Assert.Null(await _engine.Collector.FindReleasedSubjectAsync());
    }

    [Fact]
    public async Task A_push_holds_all_of_them()
    {
        await PushReferrersAsync();
        Assert.Equal(Referrers, await CountIdleAsync());

        Assert.Null((await _engine.Metadata.PutManifestAsync(Samples.Put(A, Subject))).Error);

        Assert.Equal(0, await CountIdleAsync());
        Assert.Null(await _engine.Collector.FindReleasedSubjectAsync());
    }

    [Fact]
    public async Task A_push_that_does_not_come_to_its_end_leaves_them_to_be_released()
    {
        await PushReferrersAsync();
        await new SqliteReferrerTurns(_engine.Database).HoldAsync(A, Samples.Digest(Subject));
        Assert.Equal(0, await CountIdleAsync());

        await _engine.Collector.ReleaseReferrersAsync(A, Samples.Digest(Subject));

        Assert.Equal(Referrers, await CountIdleAsync());
        Assert.Equal(Referrers, await CountAsync("SELECT COUNT(*) FROM manifests WHERE subject IS NOT NULL AND is_root = 1"));
    }

    [Fact]
    public async Task A_refused_push_and_a_refused_deletion_change_none()
    {
        await PushReferrersAsync();
        var never = new Precondition { Match = [Samples.Digest("other").Value] };

        Assert.Equal(
            RegistryErrorCode.PreconditionFailed, (await _engine.Metadata.PutManifestAsync(Samples.Put(A, Subject) with { Precondition = never })).Error?.Code);
        Assert.Equal(Referrers, await CountIdleAsync());

        await _engine.Metadata.PutManifestAsync(Samples.Put(A, Subject));
        Assert.Equal(
            RegistryErrorCode.PreconditionFailed, (await _engine.Metadata.DeleteManifestAsync(A, Samples.Digest(Subject), never)).Error?.Code);
        Assert.Equal(0, await CountIdleAsync());
        Assert.Equal(Referrers, await CountAsync("SELECT COUNT(*) FROM manifests WHERE subject IS NOT NULL AND is_root = 1"));
    }

    [Fact]
    public async Task An_expiry_of_the_subject_releases_them()
    {
        await PushReferrersAsync();
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, Subject));

        var expired = await _engine.Collector.ExpireManifestsAsync(
            A, [Samples.Digest(Subject)], idleBefore: long.MaxValue, withRoots: true, isPromised: _ => false);

        Assert.Equal([Samples.Digest(Subject)], expired);
        Assert.Equal(Referrers, await CountIdleAsync());
        Assert.Null(await _engine.Collector.FindReleasedSubjectAsync());
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private static byte[] Referrer(int number) =>
        Samples.Index([Samples.Child(Samples.Text($"{number}"))], Samples.Child(Subject, MediaTypes.OciIndex));

    private async Task PushReferrersAsync() =>
        await Task.WhenAll(Enumerable.Range(0, Referrers).Select(number => _engine.Metadata.PutManifestAsync(Samples.Put(A, Referrer(number)))));

    private Task<long?> CountIdleAsync() => CountAsync("SELECT COUNT(*) FROM manifests WHERE subject IS NOT NULL AND idle_since IS NOT NULL");

    private Task<long?> CountAsync(string sql) => _engine.Database.ReadAsync(session => session.Number(sql));
}
