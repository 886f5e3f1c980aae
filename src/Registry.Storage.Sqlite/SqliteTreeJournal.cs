using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Storage.Sqlite;

/// <summary>The <c>tree_journal</c> table.</summary>
public sealed class SqliteTreeJournal(SqliteDatabase database) : ITreeJournal
{
    public event Action? Written
    {
        add => database.JournalWritten += value;
        remove => database.JournalWritten -= value;
    }

    public async Task<IReadOnlyList<TreeChange>> ReadAsync(long afterId, int limit) => await database.ReadAsync(session => session.All(
        "SELECT id, change, repository, tag, digest FROM tree_journal WHERE id > @1 ORDER BY id LIMIT @2",
        row => new TreeChange(
            row.GetInt64(0),
            (TreeChangeKind)row.GetInt32(1),
            RepositoryName.Parse(row.GetString(2)),
            row.IsDBNull(3) ? null : Tag.Parse(row.GetString(3)),
            row.IsDBNull(4) ? null : Digest.Parse(row.GetString(4))),
        afterId,
        limit));

    public Task DeleteAsync(long upToId, IReadOnlyList<long> except) => database.WriteAsync(session =>
    {
        long after = 0;
        foreach (var kept in except)
        {
            session.Execute("DELETE FROM tree_journal WHERE id > @1 AND id < @2", after, kept);
            after = kept;
        }

        session.Execute("DELETE FROM tree_journal WHERE id > @1 AND id <= @2", after, upToId);
    });

    /// <summary>Adds a row for each tag of a JSON array, in the transaction of the change they belong to.</summary>
    internal static void AppendEach(SqliteSession session, TreeChangeKind kind, RepositoryName repository, string tags, Digest? digest)
    {
        session.Execute(
            "INSERT INTO tree_journal (change, repository, tag, digest) SELECT @1, @2, value, @4 FROM json_each(@3)",
            (long)kind,
            repository.Value,
            tags,
            digest?.Value);
        session.HasJournaled = true;
    }

    /// <summary>Adds a row, in the transaction of the change it belongs to.</summary>
    internal static void Append(SqliteSession session, TreeChangeKind kind, RepositoryName repository, string? tag, Digest? digest)
    {
        session.Execute(
            "INSERT INTO tree_journal (change, repository, tag, digest) VALUES (@1, @2, @3, @4)",
            (long)kind,
            repository.Value,
            tag,
            digest?.Value);
        session.HasJournaled = true;
    }
}
