using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Policies;

/// <summary>Digests that outlive their tags (<see cref="IChangeRules.KeepsDigest"/>), by the names of repository and tag. They are never removed.</summary>
internal static class KeptTagRows
{
    /// <summary>Finds the digest that a tag had when it went; null if there is none, or the rules do not keep it.</summary>
    public static Digest? Find(SqliteSession session, IChangeRules rules, ChangeOrigin origin, RepositoryName repository, Tag tag) =>
        rules.KeepsDigest(repository, tag, origin) ? Find(session, repository, tag) : null;

    /// <summary>Finds the digest that a tag had when it went; null if none is kept.</summary>
    public static Digest? Find(SqliteSession session, RepositoryName repository, Tag tag) => session.First<Digest?>(
        "SELECT digest FROM kept_tags WHERE repository = @1 AND tag = @2", row => Digest.Parse(row.GetString(0)), repository.Value, tag.Value);

    /// <summary>Keeps the digest of those of some tags whose digest outlives them. They are about to go, or have just gone.</summary>
    public static void Keep(SqliteSession session, ChangeContext change, RepositoryName repository, IEnumerable<Tag> tags, Digest digest)
    {
        foreach (var tag in tags.Where(tag => change.Rules.KeepsDigest(repository, tag, change.Origin)))
        {
            session.Execute(
                "INSERT INTO kept_tags (repository, tag, digest) VALUES (@1, @2, @3) ON CONFLICT (repository, tag) DO UPDATE SET digest = excluded.digest",
                repository.Value,
                tag.Value,
                digest.Value);
        }
    }

    /// <summary>Keeps the digests of tags that a repository has no more under its new name, too, unless that name has one of its own. They stay under the old name.</summary>
    public static void Copy(SqliteSession session, long repositoryId, RepositoryName repository, RepositoryName newName) => session.Execute(
        """
        INSERT OR IGNORE INTO kept_tags (repository, tag, digest) SELECT @3, k.tag, k.digest FROM kept_tags k WHERE k.repository = @2
        AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.repository_id = @1 AND t.name = k.tag)
        """,
        repositoryId,
        repository.Value,
        newName.Value);
}
