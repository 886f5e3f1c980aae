using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;

namespace Registry.Storage.Sqlite.Policies;

/// <summary>What repositories refer to, by the table <c>repository_bytes</c>, which triggers keep up to date. The writer makes one change at a time, so a sum is exact.</summary>
internal static class QuotaRows
{
    /// <summary>Bytes that a repository refers to: its manifests, and what these refer to, each digest once.</summary>
    public static long Read(SqliteSession session, long repositoryId) =>
        session.Number("SELECT bytes FROM repository_bytes WHERE repository_id = @1", repositoryId) ?? 0;

    /// <summary>Asks the rules whether their repositories may refer to more bytes.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="quotas">The rules with a quota that the change is for.</param>
    /// <param name="repository">Repository that the change is made in, or its new name.</param>
    /// <param name="asked">Bytes that the change adds.</param>
    /// <param name="isAdded">True if the table has the bytes already.</param>
    /// <returns>The first refusal; null if there is none.</returns>
    public static RegistryError? FindRefusal(
        SqliteSession session, IChangeRules rules, IReadOnlyList<PolicyRule> quotas, RepositoryName repository, long asked, bool isAdded) => quotas
        .Select(rule => rules.CheckQuota(new QuotaChange(repository, rule, Sum(session, rule) - (isAdded ? asked : 0), asked)))
        .FirstOrDefault(refused => refused is not null);

    /// <summary>Sums what the repositories of a rule refer to. Mirrored ones have a limit of their own.</summary>
    public static long Sum(SqliteSession session, PolicyRule rule)
    {
        var range = rule.Repository.Range;
        return rule.Repository.CoversRange
            ? session.Number(
                """
                SELECT COALESCE(SUM(b.bytes), 0) FROM repositories r CROSS JOIN repository_bytes b ON b.repository_id = r.id
                WHERE r.name >= @1 AND r.name < @2 AND r.upstream IS NULL
                """,
                range.Start,
                range.End) ?? 0
            : session.All(
                """
                SELECT r.name, b.bytes FROM repositories r CROSS JOIN repository_bytes b ON b.repository_id = r.id
                WHERE r.name >= @1 AND r.name < @2 AND r.upstream IS NULL
                """,
                row => (Name: row.GetString(0), Bytes: row.GetInt64(1)),
                range.Start,
                range.End).Where(row => RepositoryName.TryParse(row.Name, out var name) && rule.Repository.Matches(name)).Sum(row => row.Bytes);
    }
}
