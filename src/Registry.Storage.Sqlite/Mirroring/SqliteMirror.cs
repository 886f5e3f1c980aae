using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Pulls;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Trash;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite.Mirroring;

/// <summary>What the mirror knows of mirrored repositories beside their content, in SQLite.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
public sealed class SqliteMirror(SqliteDatabase database, TimeProvider time) : IMirrorMetadata
{
    private const int RecordedPerTurn = 200;

    public Task<string?> FindUpstreamAsync(RepositoryName repository) => database.ReadAsync(session => MirrorRows.FindUpstream(session, repository));

    public Task<RepositoryName?> FindOtherAsync(RepositoryRange range, string upstream) =>
        database.ReadAsync(session => MirrorRows.FindOther(session, range, upstream));

    public async Task<DateTimeOffset?> FindCheckAsync(RepositoryName repository, Tag tag) =>
        await database.ReadAsync(session => MirrorRows.FindCheck(session, repository, tag)) is { } at ? DateTimeOffset.FromUnixTimeSeconds(at) : null;

    public async Task RecordAsync(IReadOnlyList<TagCheck> checks, IReadOnlyList<ManifestPull> pulls)
    {
        await RecordAsync(checks, (session, check) => MirrorRows.Record(session, check, Now()));
        await RecordAsync(pulls, (session, pull) => MirrorRows.Record(session, pull, Now()));
    }

    public async Task<IReadOnlyList<ManifestPull>> ListOldestAsync(string upstream, int limit) =>
        await database.ReadAsync(session => MirrorRows.ListOldest(session, upstream, limit));

    public Task<MirrorUse> ReadUseAsync(string upstream) => database.ReadAsync(session => MirrorRows.ReadUse(session, upstream));

    public async Task<IReadOnlyList<Digest>> EvictAsync(
        RepositoryName repository, Digest digest, DateTimeOffset pulledBefore, ChangeOrigin origin, string reason)
    {
        var before = pulledBefore.ToUnixTimeSeconds();
        var rows = await CountAsync();
        if (rows > TagRows.RowsOfMany)
        {
            // A manifest with very many tags, or a long history of tags, loses most of them first, as in a deletion.
            while (await database.WriteAsync<bool>(session => RemoveSomeTags(session, Begin()), new WriteTurn(repository, TagRows.RowsOfMany)) is { Value: true })
            {
            }

            rows = await CountAsync();
        }

        var evicted = await database.WriteAsync<List<Digest>>(session => Evict(session, Begin()), new WriteTurn(repository, rows));
        return evicted.Value;

        Task<long> CountAsync() => database.ReadAsync(session => ManifestWeight.CountHeld(session, repository, digest));

        // No rule is asked: a refusal would keep for ever what an upstream has anyway.
        ChangeContext Begin() => new() { Origin = origin, Reason = reason, Now = database.Clock.Now, Time = time.GetUtcNow() };

        bool RemoveSomeTags(SqliteSession session, ChangeContext change) => MirrorRows.FindUnused(session, repository, digest, before) is not null
            && TagRows.DeleteSome(session, change, repository, digest, toTrash: false).Value.HasMore;

        List<Digest> Evict(SqliteSession session, ChangeContext change)
        {
            if (MirrorRows.FindUnused(session, repository, digest, before) is not var (repositoryId, content))
            {
                return [];
            }

            ManifestRows.Delete(session, change, repository, digest, Precondition.None);
            return [digest, .. TrashRows.UnlinkIdle(session, change, repositoryId, repository, content)];
        }
    }

    private async Task RecordAsync<T>(IReadOnlyList<T> items, Action<SqliteSession, T> record)
    {
        foreach (var some in items.Chunk(RecordedPerTurn))
        {
            await database.WriteAsync(session => Array.ForEach(some, item => record(session, item)), new WriteTurn(default, some.Length));
        }
    }

    private long Now() => time.GetUtcNow().ToUnixTimeSeconds();
}
