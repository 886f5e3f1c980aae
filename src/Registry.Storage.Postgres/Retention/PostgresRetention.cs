using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Retention;
using Registry.Core.Pulls;
using Registry.Storage.Postgres.Mirroring;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Retention;

/// <summary>Last pulls, and what a retention reads and deletes, in PostgreSQL.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="rules">Rules about changes.</param>
public sealed class PostgresRetention(PostgresDatabase database, TimeProvider time, IChangeRules rules) : IRetentionMetadata
{
    private const int RecordedAtOnce = 500;

    private readonly PostgresMetadataStore _store = new(database, time, rules);

    public async Task RecordAsync(IReadOnlyList<ManifestPull> pulls)
    {
        // Each once: a statement changes no row twice.
        foreach (var some in pulls.OrderByDescending(pull => pull.Time).DistinctBy(pull => (pull.Repository, pull.Digest)).Chunk(RecordedAtOnce))
        {
            var now = time.GetUtcNow().ToUnixTimeSeconds();
            await database.WriteAsync(session => RetentionRows.Record(session, some, now), isDurable: false, isRepeatable: true);
        }
    }

    public async Task<DateTimeOffset?> FindMarkAsync(RetentionMark mark) =>
        await database.ReadAsync(session => MetaRows.ReadAsync(session, KeyOf(mark))) is { } at ? DateTimeOffset.FromUnixTimeSeconds(at) : null;

    public Task SetMarkAsync(RetentionMark mark, DateTimeOffset? time) => database.WriteAsync(
        session =>
        {
            if (time is { } set)
            {
                MetaRows.Write(session, KeyOf(mark), set.ToUnixTimeSeconds());
            }
            else
            {
                session.Queue("DELETE FROM meta WHERE key = $1", KeyOf(mark));
            }
        },
        isDurable: false,
        isRepeatable: true);

    public Task<RetainedRepository?> ReadAsync(RepositoryName repository, int limit) => database.ReadAsync(async session =>
    {
        var id = await session.NumberAsync("SELECT id FROM repositories WHERE name = $1", repository.Value) ?? 0;
        var manifests = await RetentionRows.ReadManifestsAsync(session, id, limit + 1L);
        if (manifests.Count > limit)
        {
            return null;
        }

        var children = await RetentionRows.ReadChildrenAsync(session, id, limit + 1L);
        var tags = children.Count > limit ? [] : await RetentionRows.ReadTagsAsync(session, id, limit + 1L);
        return children.Count > limit || tags.Count > limit ? null : new RetainedRepository
        {
            Repository = repository,
            IsMirrored = await MirrorRows.FindUpstreamAsync(session, repository) is not null,
            Manifests = manifests,
            Children = children,
            Tags = tags,
        };
    });

    public Task<Result<ManifestDeletion>> DeleteAsync(RetentionStep deletion, ChangeOrigin origin, bool toTrash)
    {
        ArgumentNullException.ThrowIfNull(deletion);
        return _store.DeleteManifestAsync(
            deletion.Repository,
            deletion.Tag is { } tag ? tag : deletion.Digest,
            Precondition.Exactly(deletion.Digest),
            session => RetentionRows.FindChangeAsync(session, deletion),
            origin,
            toTrash,
            deletion.Reason);
    }

    private static string KeyOf(RetentionMark mark) => mark == RetentionMark.LastRun ? "retention_run_at" : "pulls_recorded_since";
}
