using Registry.Core.Errors;
using Registry.Core.SmallContent;

namespace Registry.Storage.Postgres.SmallContent;

/// <summary>
/// Quarantine of damaged rows, in the table <c>quarantine</c>. A row counts as damaged as long as it has the same bytes: other ones were pushed meanwhile. Content that
/// a store of objects has, too, is read from there afterwards; the next pass of the verifier finds out whether that is intact.
/// </summary>
public sealed class PostgresStagedQuarantine(PostgresDatabase database) : IStagedQuarantine
{
    public async Task<string?> TakeAsync(StagedContent damaged)
    {
        ArgumentNullException.ThrowIfNull(damaged);
        var moved = await database.WriteAsync<List<bool>>(session =>
        {
            session.Lock("SELECT id FROM content WHERE id = $1 FOR UPDATE", damaged.Id);
            var rows = session.Ask(
                """
                INSERT INTO quarantine (digest, bytes, found_at) SELECT digest, bytes, clock_timestamp() FROM content
                WHERE id = $1 AND bytes = $2 AND place IS NULL
                ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes, found_at = excluded.found_at RETURNING true
                """,
                row => row.GetBoolean(0),
                damaged.Id,
                damaged.Bytes);
            session.Queue(
                "UPDATE content SET bytes = NULL, state = CASE WHEN place IS NULL AND state = 1 THEN 0 ELSE state END WHERE id = $1 AND bytes = $2",
                damaged.Id,
                damaged.Bytes);
            return Task.FromResult<Result<List<bool>>>(rows);
        });
        return moved.Value.Count > 0 ? "the table quarantine of the database" : null;
    }
}
