using Registry.Core.Activity;
using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Activity;

/// <summary>What has happened in the repositories, in the <c>changes</c> table.</summary>
/// <param name="database">The database.</param>
public sealed class PostgresActivity(PostgresDatabase database) : IActivity
{
    public async Task<IReadOnlyList<RegistryChange>> ListAsync(long? before, int limit) =>
        await database.ReadAsync(session => ActivityRows.ListAsync(session, before ?? long.MaxValue, limit));

    public async Task<IReadOnlyList<RegistryChange>> ListAsync(RepositoryName repository, long? before, int limit) =>
        await database.ReadAsync(session => ActivityRows.ListAsync(session, repository, before ?? long.MaxValue, limit));
}
