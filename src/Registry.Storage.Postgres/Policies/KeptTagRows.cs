using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres.Policies;

/// <summary>Digests that outlive their tags (<see cref="IChangeRules.KeepsDigest"/>), by the names of repository and tag. They are never removed.</summary>
internal static class KeptTagRows
{
    /// <summary>Collects the query of the digests that tags had when they went. There is none for tags whose digest the rules do not keep.</summary>
    public static List<(string Tag, Digest Digest)> Ask(
        PostgresSession session, IChangeRules rules, ChangeOrigin origin, RepositoryName repository, IEnumerable<Tag> tags)
    {
        string[] names = [.. tags.Where(tag => rules.KeepsDigest(repository, tag, origin)).Select(tag => tag.Value).Distinct(StringComparer.Ordinal)];
        return names.Length == 0 ? [] : session.Ask(
            "SELECT n, k.digest FROM unnest($2) n JOIN kept_tags k ON k.repository = $1 AND k.tag = n",
            row => (row.GetString(0), Digest.Parse(row.GetString(1))),
            repository.Value,
            names);
    }

    /// <summary>Finds the digest that a tag had when it went; null if none is kept.</summary>
    public static Task<Digest?> FindAsync(PostgresSession session, RepositoryName repository, Tag tag) => session.FirstAsync<Digest?>(
        "SELECT digest FROM kept_tags WHERE repository = $1 AND tag = $2", row => Digest.Parse(row.GetString(0)), repository.Value, tag.Value);

    /// <summary>Collects the statement that keeps the digests of those of some tags whose digest outlives them. They are about to go.</summary>
    public static void Keep(PostgresSession session, ChangeContext change, RepositoryName repository, IEnumerable<(Tag Tag, Digest Digest)> tags)
    {
        var kept = tags.Where(tag => change.Rules.KeepsDigest(repository, tag.Tag, change.Origin)).ToList();
        if (kept.Count > 0)
        {
            session.Queue(
                """
                INSERT INTO kept_tags (repository, tag, digest) SELECT $1, tag, digest FROM unnest($2, $3) u (tag, digest)
                ON CONFLICT (repository, tag) DO UPDATE SET digest = excluded.digest
                """,
                repository.Value,
                kept.Select(tag => tag.Tag.Value).ToArray(),
                kept.Select(tag => tag.Digest.Value).ToArray());
        }
    }

    /// <summary>
    /// Collects the statement that keeps the digests of tags that a repository has no more under its new name, too, unless that name has one of its own. They stay under the
    /// old name.
    /// </summary>
    public static void Copy(PostgresSession session, long repositoryId, RepositoryName repository, RepositoryName newName) => session.Queue(
        """
        INSERT INTO kept_tags (repository, tag, digest) SELECT $3, k.tag, k.digest FROM kept_tags k WHERE k.repository = $2
        AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.repository_id = $1 AND t.name = k.tag)
        ON CONFLICT (repository, tag) DO NOTHING
        """,
        repositoryId,
        repository.Value,
        newName.Value);
}
