using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres;

/// <summary>Queries and changes of the verifier.</summary>
public sealed class PostgresVerifierMetadata(PostgresDatabase database) : IVerifierMetadata
{
    private const string Started = "verify_started";
    private const string Position = "verify_position";
    private const string Findings = "verify_findings";
    private const string Ended = "verify_ended_at";
    private const string LastFindings = "verify_last_findings";

    // No pass is in progress. Ids begin at 1.
    private const long Finished = -1;

    // PostgreSQL checks pages when it reads them, if the cluster has checksums; pg_amcheck looks for more, and needs rights that the registry does not have.
    public Task<IReadOnlyList<string>> FindDamageAsync() => Task.FromResult<IReadOnlyList<string>>([]);

    // For EXISTS, each page would read all links and all manifests into memory.
    public async Task<IReadOnlyList<StoredContent>> ListStoredAsync(long afterId, int limit) => await database.ReadAsync(session => session.AllAsync(
        """
        SELECT c.id, c.digest, c.size, c.state = 0, c.place FROM content c WHERE c.id > $1 AND (c.state = 1 OR (c.state = 0 AND coalesce(
            (SELECT content_id FROM blob_links WHERE content_id = c.id LIMIT 1), (SELECT content_id FROM kept_manifests WHERE content_id = c.id LIMIT 1)) IS NOT NULL))
        ORDER BY c.id LIMIT $2
        """,
        row => new StoredContent(row.GetInt64(0), Digest.Parse(row.GetString(1)), row.GetInt64(2), row.GetBoolean(3)) { Key = ContentRows.ReadText(row, 4) },
        afterId,
        limit));

    public Task<(long Count, long Bytes)> CountStoredAsync() => database.ReadAsync(session => session.FirstAsync(
        "SELECT count(*), coalesce(sum(size), 0)::bigint FROM content WHERE state = 1", row => (row.GetInt64(0), row.GetInt64(1))));

    public Task<long?> FindSizeAsync(Digest digest) => database.ReadAsync(session =>
        session.NumberAsync("SELECT size FROM content WHERE digest = $1 AND state = 1", digest.Value));

    public async Task<IReadOnlyList<RepositoryName>> FindRepositoriesAsync(Digest digest, int limit) => await database.ReadAsync(async session =>
        (await session.AllAsync(
            """
            SELECT r.name FROM content c JOIN blob_links l ON l.content_id = c.id JOIN repositories r ON r.id = l.repository_id
            WHERE c.digest = $1
            UNION ALL
            SELECT r.name FROM content c JOIN kept_manifests m ON m.content_id = c.id JOIN repositories r ON r.id = m.repository_id
            WHERE c.digest = $1
            LIMIT $2
            """,
            row => RepositoryName.Parse(row.GetString(0)),
            digest.Value,
            limit)).Distinct().ToList());

    // The size stays: listings of referrers use it.
    public Task MarkLostAsync(BlobPlace place) => database.WriteAsync(session => session.Queue(
        "UPDATE content SET state = 0, bytes = NULL WHERE digest = $1 AND place IS NOT DISTINCT FROM $2::text AND state = 1", place.Known.Value, place.Key));

    // Content that is only mentioned was never stored.
    public Task MarkFoundAsync(BlobPlace place) => database.WriteAsync(session => session.Queue(
        """
        UPDATE content c SET state = 1 WHERE c.digest = $1 AND c.place IS NOT DISTINCT FROM $2::text AND c.state = 0 AND (
            EXISTS (SELECT 1 FROM blob_links WHERE content_id = c.id) OR EXISTS (SELECT 1 FROM kept_manifests WHERE content_id = c.id))
        """,
        place.Known.Value,
        place.Key));

    public async Task<VerificationProgress> ReadProgressAsync()
    {
        var saved = await database.ReadAsync(MetaRows.ReadAsync);
        return new VerificationProgress(Find(Started), Find(Position) is { } position and not Finished ? position : null)
        {
            Findings = Find(Findings) ?? 0,
            EndedAt = Find(Ended),
            LastFindings = Find(LastFindings) ?? 0,
        };

        long? Find(string key) => saved.TryGetValue(key, out var value) ? value : null;
    }

    public Task SaveProgressAsync(VerificationProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        return database.WriteAsync(
            session =>
            {
                if (progress.StartedAt is { } started)
                {
                    MetaRows.Write(session, Started, started);
                }

                MetaRows.Write(session, Position, progress.Position ?? Finished);
                MetaRows.Write(session, Findings, progress.Findings);
                MetaRows.Write(session, LastFindings, progress.LastFindings);
                if (progress.EndedAt is { } ended)
                {
                    MetaRows.Write(session, Ended, ended);
                }
            },
            isDurable: false);
    }
}
