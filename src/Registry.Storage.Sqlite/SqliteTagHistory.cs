using Registry.Core.History;
using Registry.Core.Oci;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite;

/// <summary>The history of tags, in the <c>changes</c> table.</summary>
/// <param name="database">The database.</param>
public sealed class SqliteTagHistory(SqliteDatabase database) : ITagHistory
{
    public Task<TagHistoryPage> ReadAsync(RepositoryName repository, Tag tag, long? before, int limit) => database.ReadAsync(session =>
    {
        var changes = ContentRows.FindRepository(session, repository) is { } id
            ? ChangeRows.ReadTag(session, id, tag, before ?? long.MaxValue, limit + 1L)
            : [];
        return new TagHistoryPage([.. changes.Take(limit).Select(HistoryEntry.Of)], changes.Count > limit);
    });

    public Task<TagState?> FindStateAsync(RepositoryName repository, Tag tag, DateTimeOffset at) => database.ReadAsync(session =>
    {
        if (ContentRows.FindRepository(session, repository) is not { } id)
        {
            return null;
        }

        var since = ChangeRows.FindTag(session, id, tag, at.ToUnixTimeMilliseconds());
        return TagState.Between(since, ChangeRows.FindNext(session, id, tag, since?.Sequence ?? 0));
    });

    public Task<ManifestRemoval?> FindRemovalAsync(RepositoryName repository, Digest digest) => database.ReadAsync(session =>
        ContentRows.FindRepository(session, repository) is { } id && ChangeRows.FindRemoval(session, id, digest) is { } change
            ? ManifestRemoval.Of(change)
            : null);
}
