using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;

namespace Registry.Storage.Sqlite.Policies;

/// <summary>What the rules count and keep, in SQLite.</summary>
/// <param name="database">The database.</param>
public sealed class SqlitePolicyMetadata(SqliteDatabase database) : IPolicyMetadata
{
    public Task<long> ReadUsedAsync(PolicyRule rule) => database.ReadAsync(session => QuotaRows.Sum(session, rule));

    public Task<Digest?> FindKeptAsync(RepositoryName repository, Tag tag) => database.ReadAsync(session => KeptTagRows.Find(session, repository, tag));
}
