using Microsoft.Data.Sqlite;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage.Sqlite.Mirroring;
using Registry.Storage.Sqlite.Policies;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>Repositories, manifests, tags and links in SQLite.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="rules">Rules about changes.</param>
public sealed class SqliteMetadataStore(SqliteDatabase database, TimeProvider time, IChangeRules rules) : IMetadataStore
{
    private readonly ManifestDeletions _deletions = new(database, time, rules);

    public RegistryError? Refusal => null;

    public Task<StoredManifest?> FindManifestAsync(RepositoryName repository, Reference reference) => database.ReadAsync(session =>
        reference.Tag is { } tag
            ? session.First(
                """
                SELECT c.digest, m.media_type, c.size, m.idle_since, c.place FROM repositories r
                JOIN tags t ON t.repository_id = r.id AND t.name = @2
                JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id
                WHERE r.name = @1
                """,
                ReadStoredManifest,
                repository.Value,
                tag.Value)
            : session.First(
                """
                SELECT c.digest, m.media_type, c.size, m.idle_since, c.place FROM repositories r
                JOIN content c ON c.digest = @2
                JOIN manifests m ON m.repository_id = r.id AND m.content_id = c.id
                WHERE r.name = @1
                """,
                ReadStoredManifest,
                repository.Value,
                reference.Digest!.Value.Value));

    public Task<Result<StoredBlob?>> CheckManifestAsync(ManifestPut put)
    {
        ArgumentNullException.ThrowIfNull(put);
        var references = new PushedReferences(put.Manifest, put.Required);
        return database.ReadAsync(session => ManifestRows.Check(session, rules, put, references));
    }

    public Task<Result<IReadOnlyList<MovedTag>?>> PutManifestAsync(ManifestPut put)
    {
        ArgumentNullException.ThrowIfNull(put);
        var references = new PushedReferences(put.Manifest, put.Required);
        return database.WriteAsync(
            session => ManifestRows.Put(session, Begin(put.Origin), put, references),
            new WriteTurn(put.Repository, ManifestWeight.CountRows(references, put.Tags) + StagedRows.CountRows(put.Staged)));
    }

    public async Task<bool> ReleaseReferrersAsync(RepositoryName repository, Digest subject)
    {
        // Nearly always there is nothing to release, which needs no turn of the writer.
        if (await database.ReadAsync(session => SubjectRows.FindReleased(session, repository, subject)) is null)
        {
            return false;
        }

        var released = await database.WriteAsync<bool>(
            session => SubjectRows.FindReleased(session, repository, subject) is { } unsettled && SubjectRows.Settle(session, unsettled, database.Clock.Now),
            new WriteTurn(repository, SubjectRows.RowsPerTurn));
        return released.Value;
    }

    public Task<Result<ManifestDeletion>> DeleteManifestAsync(
        RepositoryName repository, Reference reference, Precondition precondition, ChangeOrigin origin, bool toTrash = false, string? reason = null) =>
        _deletions.DeleteAsync(repository, reference, precondition, _ => null, origin, toTrash, reason);

    public async Task<bool> RenewManifestAsync(RepositoryName repository, Digest digest)
    {
        var renewed = await database.WriteAsync<bool>(
            session => ManifestRows.Renew(session, repository, digest, database.Clock.Now), new WriteTurn(repository, 1));
        return renewed.Value;
    }

    public Task<Page<string>?> ListTagsAsync(RepositoryName repository, string? last, int limit) => database.ReadAsync(session =>
        RepositoryRows.FindExisting(session, repository) is { } id
            ? session.All(
                "SELECT name FROM tags WHERE repository_id = @1 AND name > @2 ORDER BY name LIMIT @3",
                row => row.GetString(0),
                id,
                last ?? string.Empty,
                limit + 1L).ToPage(limit)
            : null);

    public Task<Page<string>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? last, int limit) =>
        database.ReadAsync(session => ranges.Read(last, limit + 1L, (range, left) => session.All(
            "SELECT name FROM repositories WHERE manifest_count > 0 AND name >= @1 AND name < @2 ORDER BY name LIMIT @3",
            row => row.GetString(0),
            range.Start,
            range.End,
            left)).ToPage(limit));

    public Task<Page<Referrer>> ListReferrersAsync(
        RepositoryName repository, Digest subject, string? artifactType, Digest? last, int limit, long maxBytes = Referrer.MaxBatchSize) =>
        database.ReadAsync(session =>
        {
            // Annotations are read row by row, after the sort, which would otherwise hold all of them. SQLite knows their length without reading them.
            var rows = session.All(
                """
                SELECT c.digest, m.media_type, c.size, iif(octet_length(m.artifact_type) <= @6, m.artifact_type, NULL), m.id, octet_length(m.annotations) FROM repositories r
                JOIN manifests m ON m.repository_id = r.id AND m.subject = @2 JOIN content c ON c.id = m.content_id
                WHERE r.name = @1 AND c.digest > @3 AND (@4 IS NULL OR m.artifact_type = @4) ORDER BY c.digest LIMIT @5
                """,
                row => (Id: row.GetInt64(4), Length: row.IsDBNull(5) ? 0 : row.GetInt64(5), Referrer: new Referrer(
                    Digest.Parse(row.GetString(0)),
                    row.GetString(1),
                    row.GetInt64(2),
                    row.IsDBNull(3) ? null : row.GetString(3),
                    Annotations: default)),
                repository.Value,
                subject.Value,
                last?.Value ?? string.Empty,
                artifactType,
                limit + 1L,
                (long)Referrer.MaxArtifactTypeBytes);
            var referrers = new List<Referrer>(Math.Min(rows.Count, limit));
            var size = 0L;
            foreach (var (id, length, referrer) in rows.Take(limit))
            {
                var isListed = length is > 0 and <= Referrer.MaxAnnotationBytes;
                size += isListed ? length : 0;
                if (size > maxBytes)
                {
                    break;
                }

                referrers.Add(isListed
                    ? referrer with { Annotations = session.First("SELECT annotations FROM manifests WHERE id = @1", row => row.GetFieldValue<byte[]>(0), id) }
                    : referrer);
            }

            return new Page<Referrer>(referrers, rows.Count > referrers.Count);
        });

    // Searches for the link of content that does not exist, too: else the answer would take longer when another repository has the blob (docs/decisions/0018).
    public Task<StoredBlob?> FindBlobAsync(RepositoryName repository, Digest digest) => database.ReadAsync(session => session.First(
        """
        SELECT c.size, l.idle_since, c.place FROM repositories r
        CROSS JOIN blob_links l ON l.repository_id = r.id AND l.content_id = coalesce((SELECT id FROM content WHERE digest = @2), 0)
        CROSS JOIN content c ON c.id = l.content_id
        WHERE r.name = @1 AND c.state = 1
        """,
        row => new StoredBlob(row.GetInt64(0), new BlobPlace(digest, ContentRows.ReadKey(row, 2)), row.IsDBNull(1) ? null : row.GetInt64(1)),
        repository.Value,
        digest.Value));

    public async Task<bool> RenewBlobAsync(RepositoryName repository, Digest digest)
    {
        var renewed = await database.WriteAsync<bool>(session =>
        {
            var link = FindLink(session, repository, digest);
            ContentRows.TouchLink(session, link.Repository, link.Content, database.Clock.Now);
            return link != default;
        }, new WriteTurn(repository, 1));
        return renewed.Value;
    }

    public async Task<IReadOnlyList<RepositoryName>> FindRepositoriesWithBlobAsync(Digest digest, int limit) =>
        await database.ReadAsync(session => session.All(
            """
            SELECT r.name FROM content c JOIN blob_links l ON l.content_id = c.id JOIN repositories r ON r.id = l.repository_id
            WHERE c.digest = @1 AND c.state = 1 LIMIT @2
            """,
            row => RepositoryName.Parse(row.GetString(0)),
            digest.Value,
            limit));

    public Task<RegistryError?> CheckBlobAsync(RepositoryName repository, Digest digest, long size, ChangeOrigin origin) =>
        database.ReadAsync(session => MirrorRows.FindRefusal(session, repository, origin, out _) is { } mirrored ? mirrored
            : rules == NoRules.Instance || ContentRows.IsLinked(session, repository, digest) ? null
            : rules.CheckBlob(new BlobChange(repository, digest, size, origin)));

    public Task<RegistryError?> CheckQuotaAsync(RepositoryName repository, long size, ChangeOrigin origin) => rules.FindQuotas(repository, origin) is { Count: > 0 } quotas
        ? database.ReadAsync(session => QuotaRows.FindRefusal(session, rules, quotas, repository, size, isAdded: false))
        : Task.FromResult<RegistryError?>(null);

    public async Task<RegistryError?> LinkBlobAsync(
        RepositoryName repository, BlobPlace blob, long size, ChangeOrigin origin, UploadLease? upload = null, byte[]? staged = null)
    {
        var digest = blob.Known;
        var linked = await database.WriteAsync<bool>(session =>
        {
            if (upload is { } lease && UploadRows.End(session, lease) is { } lost)
            {
                return lost;
            }

            if (MirrorRows.Open(session, repository, origin, out var repositoryId) is { } mirrored)
            {
                return mirrored;
            }

            var contentId = ContentRows.PutStored(session, digest, size, staged is null ? blob : null);
            StagedRows.Set(session, contentId, staged);
            return LinkOrTouch(session, Begin(origin), repositoryId, contentId, repository, digest, size) is { } refused ? refused : true;
        }, new WriteTurn(repository, 1 + StagedRows.CountRows(staged)));
        return linked.Error;
    }

    public Task<Result<bool>> MountBlobAsync(RepositoryName source, RepositoryName target, Digest digest, ChangeOrigin origin) => database.WriteAsync<bool>(session =>
    {
        var content = session.First(
            """
            SELECT c.id, c.size FROM content c JOIN repositories r ON r.name = @1
            JOIN blob_links l ON l.repository_id = r.id AND l.content_id = c.id
            WHERE c.digest = @2 AND c.state = 1
            """,
            row => (Id: row.GetInt64(0), Size: row.GetInt64(1)),
            source.Value,
            digest.Value);
        if (content == default)
        {
            return false;
        }

        return MirrorRows.Open(session, target, origin, out var repositoryId) is { } mirrored ? mirrored
            : LinkOrTouch(session, Begin(origin), repositoryId, content.Id, target, digest, content.Size) is { } refused ? refused : true;
    }, new WriteTurn(target, 1));

    public Task<Result<long>> UnlinkBlobAsync(RepositoryName repository, Digest digest, ChangeOrigin origin) =>
        database.WriteAsync<long>(session =>
        {
            var link = FindLink(session, repository, digest);
            if (link == default)
            {
                return RegistryErrorCode.BlobUnknown;
            }

            const int MaxNamed = 10;
            var users = session.All(
                """
                SELECT c.digest FROM manifest_references f JOIN manifests m ON m.id = f.manifest_id JOIN content c ON c.id = m.content_id
                WHERE f.content_id = @1 AND f.repository_id = @2 LIMIT @3
                """,
                row => row.GetString(0),
                link.Content,
                link.Repository,
                MaxNamed);
            if (users.Count > 0)
            {
                return new RegistryError(RegistryErrorCode.BlobInUse, $"{digest} is needed by {string.Join(", ", users)}");
            }

            ContentRows.Unlink(session, Begin(origin), link.Repository, link.Content, repository, digest);
            return link.Size;
        }, new WriteTurn(repository, 1));

    private static StoredManifest ReadStoredManifest(SqliteDataReader row) =>
        new(Digest.Parse(row.GetString(0)), row.GetString(1), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetInt64(3)) { Key = ContentRows.ReadKey(row, 4) };

    private ChangeContext Begin(ChangeOrigin origin, string? reason = null) => new() { Origin = origin, Reason = reason, Now = database.Clock.Now, Time = time.GetUtcNow(), Rules = rules };

    // The bytes may be lost. No row has the numbers of the default.
    private static (long Repository, long Content, long Size) FindLink(SqliteSession session, RepositoryName repository, Digest digest) => session.First(
        """
        SELECT l.repository_id, l.content_id, c.size FROM repositories r JOIN content c ON c.digest = @2
        JOIN blob_links l ON l.repository_id = r.id AND l.content_id = c.id WHERE r.name = @1
        """,
        row => (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)),
        repository.Value,
        digest.Value);

    // Returns the refusal of a rule.
    private static RegistryError? LinkOrTouch(
        SqliteSession session, ChangeContext change, long repositoryId, long contentId, RepositoryName repository, Digest digest, long size)
    {
        if (!ContentRows.Link(session, repositoryId, contentId, change.Now))
        {
            ContentRows.TouchLink(session, repositoryId, contentId, change.Now);
            return null;
        }

        ChangeRows.Append(session, change, ChangeKind.BlobLinked, repositoryId, repository, digest, size: size);
        return change.Rules.CheckBlob(new BlobChange(repository, digest, size, change.Origin));
    }
}
