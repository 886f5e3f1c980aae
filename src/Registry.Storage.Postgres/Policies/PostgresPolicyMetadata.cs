using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;

namespace Registry.Storage.Postgres.Policies;

/// <summary>What the rules count and keep, in PostgreSQL.</summary>
/// <param name="database">The database.</param>
public sealed class PostgresPolicyMetadata(PostgresDatabase database) : IPolicyMetadata
{
    public Task<long> ReadUsedAsync(PolicyRule rule) => database.ReadAsync(session => QuotaRows.SumAsync(session, rule));

    public Task<Digest?> FindKeptAsync(RepositoryName repository, Tag tag) => database.ReadAsync(session => KeptTagRows.FindAsync(session, repository, tag));
}
