using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Pulls;
using Registry.Storage.Postgres.Rows;
using Registry.Storage.Postgres.Trash;

namespace Registry.Storage.Postgres.Mirroring;

/// <summary>What the mirror knows of mirrored repositories beside their content, in PostgreSQL.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
public sealed class PostgresMirror(PostgresDatabase database, TimeProvider time) : IMirrorMetadata
{
    private const int RecordedAtOnce = 500;

    public Task<string?> FindUpstreamAsync(RepositoryName repository) => database.ReadAsync(session => MirrorRows.FindUpstreamAsync(session, repository));

    public Task<RepositoryName?> FindOtherAsync(RepositoryRange range, string upstream) =>
        database.ReadAsync(session => MirrorRows.FindOtherAsync(session, range, upstream));

    public async Task<DateTimeOffset?> FindCheckAsync(RepositoryName repository, Tag tag) =>
        await database.ReadAsync(session => MirrorRows.FindCheckAsync(session, repository, tag)) is { } at ? DateTimeOffset.FromUnixTimeSeconds(at) : null;

    public async Task RecordAsync(IReadOnlyList<TagCheck> checks, IReadOnlyList<ManifestPull> pulls)
    {
        // Each once: a statement changes no row twice.
        foreach (var some in checks.OrderByDescending(check => check.Time).DistinctBy(check => (check.Repository, check.Tag)).Chunk(RecordedAtOnce))
        {
            await RecordAsync(session => MirrorRows.Record(session, some, Now()));
        }

        foreach (var some in pulls.OrderByDescending(pull => pull.Time).DistinctBy(pull => (pull.Repository, pull.Digest)).Chunk(RecordedAtOnce))
        {
            await RecordAsync(session => MirrorRows.Record(session, some, Now()));
        }

        Task RecordAsync(Action<PostgresSession> record) => database.WriteAsync(record, isDurable: false, isRepeatable: true);
    }

    public async Task<IReadOnlyList<ManifestPull>> ListOldestAsync(string upstream, int limit) =>
        await database.ReadAsync(session => MirrorRows.ListOldestAsync(session, upstream, limit));

    public Task<MirrorUse> ReadUseAsync(string upstream) => database.ReadAsync(session => MirrorRows.ReadUseAsync(session, upstream));

    public async Task<IReadOnlyList<Digest>> EvictAsync(
        RepositoryName repository, Digest digest, DateTimeOffset pulledBefore, ChangeOrigin origin, string reason)
    {
        var evicted = await database.WriteAloneAsync<List<Digest>>(repository, async session =>
        {
            var (id, content) = await MirrorRows.FindUnusedAsync(session, repository, digest, pulledBefore.ToUnixTimeSeconds());
            if (id == 0)
            {
                session.Abandon();
                return new List<Digest>();
            }

            // No rule is asked: a refusal would keep for ever what an upstream has anyway.
            var change = new ChangeContext { Origin = origin, Reason = reason, Time = time.GetUtcNow() };
            await ManifestRows.DeleteAsync(session, change, repository, digest, Precondition.None, toTrash: false);
            var (blobs, _) = content.Length == 0 ? ([], []) : await PurgeRows.FollowAsync(session, change, repository, id, content);
            return new List<Digest>([digest, .. blobs]);
        });
        return evicted.Value;
    }

    private long Now() => time.GetUtcNow().ToUnixTimeSeconds();
}
