using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Retention;
using Registry.Core.Pulls;
using Registry.Storage.Sqlite.Mirroring;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite.Retention;

/// <summary>Last pulls, and what a retention reads and deletes, in SQLite.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="rules">Rules about changes.</param>
public sealed class SqliteRetention(SqliteDatabase database, TimeProvider time, IChangeRules rules) : IRetentionMetadata
{
    /// <summary>Key in <c>meta</c> of the begin of the record of pulls.</summary>
    internal const string RecordedSince = "pulls_recorded_since";

    private const int RecordedPerTurn = 200;

    private readonly ManifestDeletions _deletions = new(database, time, rules);

    public async Task RecordAsync(IReadOnlyList<ManifestPull> pulls)
    {
        foreach (var some in pulls.Chunk(RecordedPerTurn))
        {
            var now = time.GetUtcNow().ToUnixTimeSeconds();
            await database.WriteUnsyncedAsync(session => Array.ForEach(some, pull => RetentionRows.Record(session, pull, now)), new WriteTurn(default, some.Length));
        }
    }

    public async Task<DateTimeOffset?> FindMarkAsync(RetentionMark mark) =>
        await database.ReadAsync(session => SqliteDatabase.ReadMeta(session, KeyOf(mark))) is { } at ? DateTimeOffset.FromUnixTimeSeconds(at) : null;

    public Task SetMarkAsync(RetentionMark mark, DateTimeOffset? time) => database.WriteUnsyncedAsync(session =>
    {
        if (time is { } set)
        {
            SqliteDatabase.WriteMeta(session, KeyOf(mark), set.ToUnixTimeSeconds());
        }
        else
        {
            session.Execute("DELETE FROM meta WHERE key = @1", KeyOf(mark));
        }
    });

    public Task<RetainedRepository?> ReadAsync(RepositoryName repository, int limit) => database.ReadAsync(session =>
    {
        var id = ContentRows.FindRepository(session, repository) ?? 0;
        var manifests = RetentionRows.ReadManifests(session, id, limit + 1L, database.Clock.Now);
        if (manifests.Count > limit)
        {
            return null;
        }

        var children = RetentionRows.ReadChildren(session, id, limit + 1L);
        var tags = children.Count > limit ? [] : RetentionRows.ReadTags(session, id, limit + 1L);
        return children.Count > limit || tags.Count > limit ? null : new RetainedRepository
        {
            Repository = repository,
            IsMirrored = MirrorRows.FindUpstream(session, repository) is not null,
            Manifests = manifests,
            Children = children,
            Tags = tags,
        };
    });

    public Task<Result<ManifestDeletion>> DeleteAsync(RetentionStep deletion, ChangeOrigin origin, bool toTrash)
    {
        ArgumentNullException.ThrowIfNull(deletion);
        return _deletions.DeleteAsync(
            deletion.Repository,
            deletion.Tag is { } tag ? tag : deletion.Digest,
            Precondition.Exactly(deletion.Digest),
            session => RetentionRows.FindChange(session, deletion, deletion.Idle is { } idle ? database.IdleBefore(idle) : null),
            origin,
            toTrash,
            deletion.Reason);
    }

    private static string KeyOf(RetentionMark mark) => mark == RetentionMark.LastRun ? "retention_run_at" : RecordedSince;
}
