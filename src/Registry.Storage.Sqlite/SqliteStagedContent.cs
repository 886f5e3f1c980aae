using Microsoft.Data.Sqlite;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>The <c>staged_content</c> table.</summary>
public sealed class SqliteStagedContent(SqliteDatabase database) : IStagedContent
{
    // Few enough for a light change, so that pushes do not wait for the removal.
    private const int RowsPerTurn = 200;

    public event Action? Staged
    {
        add => database.Staged += value;
        remove => database.Staged -= value;
    }

    public long Weight => database.StagedWeight;

    public Task<StagedContent?> FindAsync(Digest digest) => database.ReadAsync(session => session.First(
        "SELECT s.id, c.digest, s.bytes FROM content c JOIN staged_content s ON s.content_id = c.id WHERE c.digest = @1", ReadRow, digest.Value));

    public Task<long?> FindSizeAsync(Digest digest) => database.ReadAsync(session => session.Number(
        "SELECT length(s.bytes) FROM content c JOIN staged_content s ON s.content_id = c.id WHERE c.digest = @1", digest.Value));

    public async Task<IReadOnlyList<StagedContent>> ListAsync(long afterId, int limit) => await database.ReadAsync(session => session.All(
        "SELECT s.id, c.digest, s.bytes FROM staged_content s JOIN content c ON c.id = s.content_id WHERE s.id > @1 ORDER BY s.id LIMIT @2",
        ReadRow,
        afterId,
        limit));

    public async Task<IReadOnlySet<long>> FindPresentAsync(IReadOnlyCollection<long> ids) => await database.ReadAsync(session => session.All(
        "SELECT id FROM staged_content WHERE id IN (SELECT value FROM json_each(@1))", row => row.GetInt64(0), JsonList.Of([.. ids])).ToHashSet());

    public async Task RemoveAsync(IReadOnlyCollection<long> ids)
    {
        foreach (var batch in ids.Chunk(RowsPerTurn))
        {
            await database.WriteUnsyncedAsync(
                session => session.Execute("DELETE FROM staged_content WHERE id IN (SELECT value FROM json_each(@1))", JsonList.Of(batch)),
                new WriteTurn(default, batch.Length));
        }
    }

    private static StagedContent ReadRow(SqliteDataReader row) => new(row.GetInt64(0), Digest.Parse(row.GetString(1)), row.GetFieldValue<byte[]>(2));
}
