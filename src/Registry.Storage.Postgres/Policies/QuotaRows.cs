using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;
using Registry.Storage.Postgres.Locks;

namespace Registry.Storage.Postgres.Policies;

/// <summary>What repositories refer to, by the table <c>repository_bytes</c>, which triggers keep up to date.</summary>
internal static class QuotaRows
{
    /// <summary>
    /// Waits until no other transaction has the quotas for itself. One that has them so sees what all others have added. Taken after the lock of the repository, and before all
    /// other locks, in the order of the hashes.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="quotas">The rules with a quota that the change is for.</param>
    /// <param name="isAlone">True to have the quotas for itself; false to share them with others that add little (<see cref="QuotaUse"/>).</param>
    public static void Lock(PostgresSession session, IReadOnlyList<PolicyRule> quotas, bool isAlone)
    {
        if (quotas.Count == 0)
        {
            return;
        }

        string[] names = [.. quotas.Select(rule => rule.Repository.Text)];
        if (isAlone)
        {
            session.Lock(
                "SELECT pg_advisory_xact_lock($1, h.key) FROM (SELECT DISTINCT hashtext(n) AS key FROM unnest($2) n ORDER BY 1) h", AdvisoryLocks.Quota, names);
        }
        else
        {
            session.Lock(
                "SELECT pg_advisory_xact_lock_shared($1, h.key) FROM (SELECT DISTINCT hashtext(n) AS key FROM unnest($2) n ORDER BY 1) h", AdvisoryLocks.Quota, names);
        }
    }

    /// <summary>Collects the query of the bytes that a repository refers to: its manifests, and what these refer to, each digest once. No row stands for none.</summary>
    public static List<long> Ask(PostgresSession session, RepositoryName repository) => session.Ask(
        "SELECT bytes FROM repository_bytes WHERE repository_id = (SELECT id FROM repositories WHERE name = $1)", row => row.GetInt64(0), repository.Value);

    /// <summary>Asks the rules whether their repositories may refer to more bytes.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="quotas">The rules with a quota that the change is for.</param>
    /// <param name="repository">Repository that the change is made in, or its new name.</param>
    /// <param name="asked">Bytes that the change adds.</param>
    /// <param name="isAdded">True if the table has the bytes already.</param>
    /// <returns>The first refusal, null if there is none; and true if the change adds little, and far below the quotas.</returns>
    public static async Task<(RegistryError? Refused, bool IsFar)> FindRefusalAsync(
        PostgresSession session, IChangeRules rules, IReadOnlyList<PolicyRule> quotas, RepositoryName repository, long asked, bool isAdded)
    {
        var isFar = true;
        foreach (var rule in quotas)
        {
            var used = await SumAsync(session, rule) - (isAdded ? asked : 0);
            if (rules.CheckQuota(new QuotaChange(repository, rule, used, asked)) is { } refused)
            {
                return (refused, false);
            }

            isFar &= QuotaUse.IsFar(rule.Quota!, used, asked);
        }

        return (null, isFar);
    }

    /// <summary>Sums what the repositories of a rule refer to. Mirrored ones have a limit of their own.</summary>
    public static async Task<long> SumAsync(PostgresSession session, PolicyRule rule)
    {
        // For a join, PostgreSQL might read the whole table.
        var range = rule.Repository.Range;
        if (rule.Repository.CoversRange)
        {
            return await session.NumberAsync(
                """
                SELECT coalesce(sum((SELECT bytes FROM repository_bytes WHERE repository_id = r.id)), 0)::bigint FROM repositories r
                WHERE r.name >= $1 AND r.name < $2 AND r.upstream IS NULL
                """,
                range.Start,
                range.End) ?? 0;
        }

        var rows = await session.AllAsync(
            """
            SELECT r.name, coalesce((SELECT bytes FROM repository_bytes WHERE repository_id = r.id), 0) FROM repositories r
            WHERE r.name >= $1 AND r.name < $2 AND r.upstream IS NULL
            """,
            row => (Name: row.GetString(0), Bytes: row.GetInt64(1)),
            range.Start,
            range.End);
        return rows.Where(row => RepositoryName.TryParse(row.Name, out var name) && rule.Repository.Matches(name)).Sum(row => row.Bytes);
    }
}
