using Registry.Core.Activity;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Activity;

/// <summary>What has happened in the repositories, in the <c>changes</c> table.</summary>
/// <param name="database">The database.</param>
public sealed class SqliteActivity(SqliteDatabase database) : IActivity
{
    public async Task<IReadOnlyList<RegistryChange>> ListAsync(long? before, int limit) =>
        await database.ReadAsync(session => ActivityRows.List(session, before ?? long.MaxValue, limit));

    public async Task<IReadOnlyList<RegistryChange>> ListAsync(RepositoryName repository, long? before, int limit) => await database.ReadAsync(session =>
        ContentRows.FindRepository(session, repository) is { } id ? ActivityRows.List(session, id, before ?? long.MaxValue, limit) : []);
}
