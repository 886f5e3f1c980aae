using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite;

/// <summary>Queries of the verifier.</summary>
public sealed class SqliteVerifierMetadata(SqliteDatabase database) : IVerifierMetadata
{
    private const string StartedKey = "verify_started";
    private const string PositionKey = "verify_position";
    private const string FindingsKey = "verify_findings";
    private const string EndedKey = "verify_ended_at";
    private const string LastFindingsKey = "verify_last_findings";

    // No pass is in progress. Ids begin at 1.
    private const long Finished = -1;

    public async Task<IReadOnlyList<string>> FindDamageAsync()
    {
        try
        {
            var lines = await database.ReadAsync(session => session.All("PRAGMA integrity_check(3)", row => row.GetString(0)));
            return [.. lines.Where(line => line != "ok").Select(line => line.ReplaceLineEndings("; "))];
        }
        catch (StorageException e)
        {
            return [e.InnerException?.Message ?? e.Message];
        }
    }

    public async Task<IReadOnlyList<StoredContent>> ListStoredAsync(long afterId, int limit) => await database.ReadAsync(session => session.All(
        """
        SELECT id, digest, size, state = 0, place FROM content WHERE id > @1 AND (state = 1 OR (state = 0 AND (
            EXISTS (SELECT 1 FROM blob_links WHERE content_id = content.id) OR EXISTS (SELECT 1 FROM kept_manifests WHERE content_id = content.id))))
        ORDER BY id LIMIT @2
        """,
        row => new StoredContent(row.GetInt64(0), Digest.Parse(row.GetString(1)), row.GetInt64(2), row.GetInt64(3) != 0) { Key = ContentRows.ReadKey(row, 4) },
        afterId,
        limit));

    public Task<(long Count, long Bytes)> CountStoredAsync() => database.ReadAsync(session => session.First(
        "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM content WHERE state = 1", row => (row.GetInt64(0), row.GetInt64(1))));

    public Task<long?> FindSizeAsync(Digest digest) => database.ReadAsync(session =>
        session.Number("SELECT size FROM content WHERE digest = @1 AND state = 1", digest.Value));

    public async Task<IReadOnlyList<RepositoryName>> FindRepositoriesAsync(Digest digest, int limit) => await database.ReadAsync(session =>
        session.All(
            """
            SELECT r.name FROM content c JOIN blob_links l ON l.content_id = c.id JOIN repositories r ON r.id = l.repository_id
            WHERE c.digest = @1
            UNION ALL
            SELECT r.name FROM content c JOIN kept_manifests m ON m.content_id = c.id JOIN repositories r ON r.id = m.repository_id
            WHERE c.digest = @1
            LIMIT @2
            """,
            row => RepositoryName.Parse(row.GetString(0)),
            digest.Value,
            limit).Distinct().ToList());

    public Task MarkLostAsync(BlobPlace place) => database.WriteAsync(session =>
    {
        // The size stays: listings of referrers use it.
        session.Execute("UPDATE content SET state = 0 WHERE digest = @1 AND place IS @2 AND state = 1", place.Known.Value, place.Key);
        StagedRows.Remove(session, place);
    });

    public Task MarkFoundAsync(BlobPlace place) => database.WriteAsync(session =>
    {
        // Content that is only mentioned was never stored.
        session.Execute(
            """
            UPDATE content SET state = 1 WHERE digest = @1 AND place IS @2 AND state = 0 AND (
                EXISTS (SELECT 1 FROM blob_links WHERE content_id = content.id) OR EXISTS (SELECT 1 FROM kept_manifests WHERE content_id = content.id))
            """,
            place.Known.Value,
            place.Key);
    });

    public Task<VerificationProgress> ReadProgressAsync() => database.ReadAsync(session => new VerificationProgress(
        SqliteDatabase.ReadMeta(session, StartedKey),
        SqliteDatabase.ReadMeta(session, PositionKey) is { } position and not Finished ? position : null)
    {
        Findings = SqliteDatabase.ReadMeta(session, FindingsKey) ?? 0,
        EndedAt = SqliteDatabase.ReadMeta(session, EndedKey),
        LastFindings = SqliteDatabase.ReadMeta(session, LastFindingsKey) ?? 0,
    });

    public Task SaveProgressAsync(VerificationProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        return database.WriteUnsyncedAsync(session =>
        {
            if (progress.StartedAt is { } started)
            {
                SqliteDatabase.WriteMeta(session, StartedKey, started);
            }

            SqliteDatabase.WriteMeta(session, PositionKey, progress.Position ?? Finished);
            SqliteDatabase.WriteMeta(session, FindingsKey, progress.Findings);
            SqliteDatabase.WriteMeta(session, LastFindingsKey, progress.LastFindings);
            if (progress.EndedAt is { } ended)
            {
                SqliteDatabase.WriteMeta(session, EndedKey, ended);
            }
        });
    }
}
