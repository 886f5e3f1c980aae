using Registry.Core.History;
using Registry.Core.Oci;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres;

/// <summary>The history of tags, in the <c>changes</c> table.</summary>
/// <param name="database">The database.</param>
public sealed class PostgresTagHistory(PostgresDatabase database) : ITagHistory
{
    public async Task<TagHistoryPage> ReadAsync(RepositoryName repository, Tag tag, long? before, int limit)
    {
        var changes = await database.ReadAsync(session => HistoryRows.ReadTagAsync(session, repository, tag, before ?? long.MaxValue, limit + 1L));
        return new TagHistoryPage([.. changes.Take(limit).Select(HistoryEntry.Of)], changes.Count > limit);
    }

    public Task<TagState?> FindStateAsync(RepositoryName repository, Tag tag, DateTimeOffset at) => database.ReadAsync(async session =>
    {
        var since = await HistoryRows.FindTagAsync(session, repository, tag, at.ToUnixTimeMilliseconds());
        return TagState.Between(since, await HistoryRows.FindNextAsync(session, repository, tag, since?.Sequence ?? 0));
    });

    public async Task<ManifestRemoval?> FindRemovalAsync(RepositoryName repository, Digest digest) =>
        await database.ReadAsync(session => HistoryRows.FindRemovalAsync(session, repository, digest)) is { } change ? ManifestRemoval.Of(change) : null;
}
