using Npgsql;
using Registry.Core.Changes;
using Registry.Core.Collection.Records;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage.Postgres.Locks;
using Registry.Storage.Postgres.Mirroring;
using Registry.Storage.Postgres.Policies;
using Registry.Storage.Postgres.Repositories;
using Registry.Storage.Postgres.Rows;

namespace Registry.Storage.Postgres;

/// <summary>Repositories, manifests, tags and links in PostgreSQL.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="rules">Rules about changes.</param>
public sealed class PostgresMetadataStore(PostgresDatabase database, TimeProvider time, IChangeRules rules) : IMetadataStore
{
    public RegistryError? Refusal => null;

    public Task<StoredManifest?> FindManifestAsync(RepositoryName repository, Reference reference) => database.ReadAsync(session =>
        reference.Tag is { } tag
            ? session.FirstAsync(
                """
                SELECT c.digest, m.media_type, c.size, m.idle_since, c.place, (SELECT seconds FROM clock) FROM repositories r
                JOIN tags t ON t.repository_id = r.id AND t.name = $2
                JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id
                WHERE r.name = $1
                """,
                ReadStoredManifest,
                repository.Value,
                tag.Value)
            : session.FirstAsync(
                """
                SELECT c.digest, m.media_type, c.size, m.idle_since, c.place, (SELECT seconds FROM clock) FROM content c
                JOIN manifests m ON m.content_id = c.id AND m.repository_id = (SELECT id FROM repositories WHERE name = $1)
                WHERE c.digest = $2
                """,
                ReadStoredManifest,
                repository.Value,
                reference.Digest!.Value.Value));

    public Task<Result<StoredBlob?>> CheckManifestAsync(ManifestPut put)
    {
        ArgumentNullException.ThrowIfNull(put);
        var references = new PushedReferences(put.Manifest, put.Required);
        return database.ReadAsync<Result<StoredBlob?>>(async session =>
        {
            var repository = MirrorRows.Ask(session, put.Repository);
            var facts = PushFacts.Ask(session, rules, put, references);
            await session.SendAsync();
            return (await MirrorRows.FindRefusalAsync(session, put.Repository, repository, put.Origin) ?? facts.FindRefusal()) is { } refused ? refused : facts.Known;
        });
    }

    public async Task<Result<IReadOnlyList<MovedTag>?>> PutManifestAsync(ManifestPut put)
    {
        ArgumentNullException.ThrowIfNull(put);
        var references = new PushedReferences(put.Manifest, put.Required);
        var quotas = rules.FindQuotas(put.Repository, put.Origin);
        for (var turn = new QuotaTurn(quotas, QuotaUse.MayBeLarge(quotas, put)); ; turn = new QuotaTurn(quotas, isAlone: true))
        {
            var quota = turn;
            var stored = await database.WriteAloneAsync(put.Repository, session => ManifestRows.PutAsync(session, Begin(put.Origin), put, references, quota));
            if (!quota.MustRepeat)
            {
                return stored;
            }
        }
    }

    public async Task<bool> ReleaseReferrersAsync(RepositoryName repository, Digest subject)
    {
        var released = await database.WriteAloneAsync<bool>(repository, async session =>
        {
            var ids = SubjectRows.AskReleased(session, repository, subject);
            await session.SendAsync();
            return ids.Count > 0 && await SubjectRows.SettleAsync(session, new UnsettledSubject(ids[0], repository, subject));
        });
        return released.Value;
    }

    public Task<Result<ManifestDeletion>> DeleteManifestAsync(
        RepositoryName repository, Reference reference, Precondition precondition, ChangeOrigin origin, bool toTrash = false, string? reason = null) =>
        DeleteManifestAsync(repository, reference, precondition, _ => Task.FromResult<RegistryError?>(null), origin, toTrash, reason);

    /// <summary>Deletes as above, unless a question refuses it, which the transaction of the deletion asks.</summary>
    internal Task<Result<ManifestDeletion>> DeleteManifestAsync(
        RepositoryName repository,
        Reference reference,
        Precondition precondition,
        Func<PostgresSession, Task<RegistryError?>> refuse,
        ChangeOrigin origin,
        bool toTrash,
        string? reason) => database.WriteAloneAsync(repository, async session =>
            await refuse(session) is { } refused ? refused
            : reference.Tag is { } tag
                ? await ManifestRows.DeleteTagAsync(session, Begin(origin, reason), repository, tag, precondition)
                : await ManifestRows.DeleteAsync(session, Begin(origin, reason), repository, reference.Digest!.Value, precondition, toTrash));

    public Task<bool> RenewManifestAsync(RepositoryName repository, Digest digest) =>
        RenewAsync(session => ManifestHolds.Touch(session, repository, digest));

    public Task<Page<string>?> ListTagsAsync(RepositoryName repository, string? last, int limit) => database.ReadAsync(async session =>
    {
        var id = RepositoryRows.AskExisting(session, repository);

        // For a join with the repository, PostgreSQL would read and sort all tags after the last one.
        var tags = await session.AllAsync(
            """
            SELECT name FROM tags WHERE repository_id = (SELECT id FROM repositories WHERE name = $1) AND name > $2 ORDER BY name LIMIT $3
            """,
            row => row.GetString(0),
            repository.Value,
            last ?? string.Empty,
            limit + 1L);
        return id.Count > 0 ? tags.ToPage(limit) : null;
    });

    public Task<Page<string>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? last, int limit) =>
        database.ReadAsync(async session => (await ranges.ReadAsync(last, limit + 1L, (range, left) => session.AllAsync(
            "SELECT name FROM repositories WHERE has_manifests AND name >= $1 AND name < $2 ORDER BY name LIMIT $3",
            row => row.GetString(0),
            range.Start,
            range.End,
            left))).ToPage(limit));

    public Task<Page<Referrer>> ListReferrersAsync(
        RepositoryName repository, Digest subject, string? artifactType, Digest? last, int limit, long maxBytes = Referrer.MaxBatchSize) =>
        database.ReadAsync(async session =>
        {
            // Annotations are read after the sort, which would otherwise hold all of them.
            var rows = await session.AllAsync(
                """
                SELECT c.digest, m.media_type, c.size, CASE WHEN octet_length(m.artifact_type) <= $6 THEN m.artifact_type END, m.id,
                    octet_length(m.annotations)::bigint
                FROM repositories r JOIN manifests m ON m.repository_id = r.id AND m.subject = $2 JOIN content c ON c.id = m.content_id
                WHERE r.name = $1 AND c.digest > $3 AND ($4::text IS NULL OR m.artifact_type = $4) ORDER BY c.digest LIMIT $5
                """,
                row => (Id: row.GetInt64(4), Length: ContentRows.ReadNumber(row, 5) ?? 0, Referrer: new Referrer(
                    Digest.Parse(row.GetString(0)), row.GetString(1), row.GetInt64(2), ContentRows.ReadText(row, 3), Annotations: default)),
                repository.Value,
                subject.Value,
                last?.Value ?? string.Empty,
                artifactType,
                limit + 1L,
                Referrer.MaxArtifactTypeBytes);
            var listed = new List<(long Id, Referrer Referrer)>(Math.Min(rows.Count, limit));
            var withAnnotations = new List<long>();
            var size = 0L;
            foreach (var (id, length, referrer) in rows.Take(limit))
            {
                var isListed = length is > 0 and <= Referrer.MaxAnnotationBytes;
                size += isListed ? length : 0;
                if (size > maxBytes)
                {
                    break;
                }

                listed.Add((id, referrer));
                if (isListed)
                {
                    withAnnotations.Add(id);
                }
            }

            var annotations = withAnnotations.Count == 0
                ? []
                : (await session.AllAsync(
                    "SELECT id, annotations FROM manifests WHERE id = ANY($1)",
                    row => KeyValuePair.Create(row.GetInt64(0), row.GetFieldValue<byte[]>(1)),
                    [withAnnotations.ToArray()])).ToDictionary();
            return new Page<Referrer>(
                listed.ConvertAll(one => annotations.TryGetValue(one.Id, out var bytes) ? one.Referrer with { Annotations = bytes } : one.Referrer),
                rows.Count > listed.Count);
        });

    public Task<StoredBlob?> FindBlobAsync(RepositoryName repository, Digest digest) => database.ReadAsync(session => session.FirstAsync(
        """
        SELECT c.size, l.idle_since, c.place, (SELECT seconds FROM clock) FROM content c
        JOIN blob_links l ON l.content_id = c.id AND l.repository_id = (SELECT id FROM repositories WHERE name = $1)
        WHERE c.digest = $2 AND c.state = 1
        """,
        row =>
        {
            database.CountedClock.Observe(row.GetInt64(3));
            return new StoredBlob(row.GetInt64(0), new BlobPlace(digest, ContentRows.ReadText(row, 2)), ContentRows.ReadNumber(row, 1));
        },
        repository.Value,
        digest.Value));

    public Task<bool> RenewBlobAsync(RepositoryName repository, Digest digest) =>
        RenewAsync(session => ContentRows.TouchLink(session, repository, digest));

    public async Task<IReadOnlyList<RepositoryName>> FindRepositoriesWithBlobAsync(Digest digest, int limit) =>
        await database.ReadAsync(session => session.AllAsync(
            """
            SELECT r.name FROM content c JOIN blob_links l ON l.content_id = c.id JOIN repositories r ON r.id = l.repository_id
            WHERE c.digest = $1 AND c.state = 1 LIMIT $2
            """,
            row => RepositoryName.Parse(row.GetString(0)),
            digest.Value,
            limit));

    public Task<RegistryError?> CheckBlobAsync(RepositoryName repository, Digest digest, long size, ChangeOrigin origin) => database.ReadAsync(async session =>
    {
        var row = MirrorRows.Ask(session, repository);
        await session.SendAsync();
        return await MirrorRows.FindRefusalAsync(session, repository, row, origin) is { } mirrored ? mirrored
            : rules == NoRules.Instance || await ContentRows.IsLinkedAsync(session, repository, digest) ? null
            : rules.CheckBlob(new BlobChange(repository, digest, size, origin));
    });

    public Task<RegistryError?> CheckQuotaAsync(RepositoryName repository, long size, ChangeOrigin origin) => rules.FindQuotas(repository, origin) is { Count: > 0 } quotas
        ? database.ReadAsync(async session => (await QuotaRows.FindRefusalAsync(session, rules, quotas, repository, size, isAdded: false)).Refused)
        : Task.FromResult<RegistryError?>(null);

    public async Task<RegistryError?> LinkBlobAsync(
        RepositoryName repository, BlobPlace blob, long size, ChangeOrigin origin, UploadLease? upload = null, byte[]? staged = null)
    {
        var digest = blob.Known;
        var linked = await AddAsync(repository, origin, async (session, row) =>
        {
            var lost = upload is { } lease ? UploadRows.End(session, lease) : [];
            var content = ContentRows.LockAndAdd(session, [digest.Value]);
            ContentRows.SetStored(session, digest, size, staged is null ? blob : null, staged);
            var added = ContentRows.Link(session, repository, digest);
            ContentRows.TouchLink(session, repository, digest);
            await session.SendAsync();
            if (lost.Count > 0)
            {
                return UploadRows.Lost;
            }

            ContentRows.Require(content, [digest.Value]);
            return added.Count > 0 && RecordLink(session, Begin(origin), row[0].Id, repository, digest, size) is { } refused ? refused : true;
        });
        return linked.Error;
    }

    public Task<Result<bool>> MountBlobAsync(RepositoryName source, RepositoryName target, Digest digest, ChangeOrigin origin) => AddAsync(target, origin, async (session, row) =>
    {
        session.Lock("SELECT id FROM content WHERE digest = $1 FOR KEY SHARE", digest.Value);
        var found = await session.FirstAsync(
            """
            SELECT c.size FROM content c JOIN blob_links l ON l.content_id = c.id AND l.repository_id = (SELECT id FROM repositories WHERE name = $1)
            WHERE c.digest = $2 AND c.state = 1
            """,
            row => (long?)row.GetInt64(0),
            source.Value,
            digest.Value);
        if (found is not { } size)
        {
            session.Abandon();
            return false;
        }

        var added = ContentRows.Link(session, target, digest);
        ContentRows.TouchLink(session, target, digest);
        await session.SendAsync();
        return added.Count > 0 && RecordLink(session, Begin(origin), row[0].Id, target, digest, size) is { } refused ? refused : true;
    });

    public Task<Result<long>> UnlinkBlobAsync(RepositoryName repository, Digest digest, ChangeOrigin origin) =>
        database.WriteAloneAsync<long>(repository, async session =>
        {
            const int MaxNamed = 10;
            ContentRows.LockForRemoval(session, [digest]);

            // The bytes may be lost.
            var links = session.Ask(
                """
                SELECT l.repository_id, l.content_id, c.size FROM content c
                JOIN blob_links l ON l.content_id = c.id AND l.repository_id = (SELECT id FROM repositories WHERE name = $1) WHERE c.digest = $2
                """,
                row => (Repository: row.GetInt64(0), Content: row.GetInt64(1), Size: row.GetInt64(2)),
                repository.Value,
                digest.Value);
            var users = await session.AllAsync(
                """
                SELECT c.digest FROM content b
                JOIN manifest_references f ON f.content_id = b.id AND f.repository_id = (SELECT id FROM repositories WHERE name = $1)
                JOIN manifests m ON m.id = f.manifest_id JOIN content c ON c.id = m.content_id WHERE b.digest = $2 LIMIT $3
                """,
                row => row.GetString(0),
                repository.Value,
                digest.Value,
                MaxNamed);
            if (links.Count == 0)
            {
                return RegistryErrorCode.BlobUnknown;
            }

            if (users.Count > 0)
            {
                return new RegistryError(RegistryErrorCode.BlobInUse, $"{digest} is needed by {string.Join(", ", users)}");
            }

            var link = links[0];
            session.Queue("DELETE FROM blob_links WHERE repository_id = $1 AND content_id = $2", link.Repository, link.Content);
            ContentRows.OrphanUnused(session, [link.Content]);
            ChangeRows.Append(session, Begin(origin), ChangeKind.BlobUnlinked, link.Repository, repository, digest);
            return link.Size;
        });

    private StoredManifest ReadStoredManifest(NpgsqlDataReader row)
    {
        database.CountedClock.Observe(row.GetInt64(5));
        return new StoredManifest(Digest.Parse(row.GetString(0)), row.GetString(1), row.GetInt64(2), ContentRows.ReadNumber(row, 3))
        {
            Key = ContentRows.ReadText(row, 4),
        };
    }

    // Adds a link under the shared lock of the repository, which is in the rows when the session has sent the queries. A repository without content that is not of the origin
    // is taken first, which needs the lock alone.
    private async Task<Result<bool>> AddAsync(
        RepositoryName repository, ChangeOrigin origin, Func<PostgresSession, List<(long Id, string? Upstream)>, Task<Result<bool>>> add)
    {
        while (true)
        {
            var isOther = false;
            var added = await database.WriteAsync(async session =>
            {
                RepositoryLock.Share(session, repository);
                var row = MirrorRows.Open(session, repository, origin);
                var result = await add(session, row);
                isOther = row[0].Upstream != origin.Upstream;
                if (isOther)
                {
                    session.Abandon();
                }

                return result;
            });
            if (!isOther)
            {
                return added;
            }

            var taken = await database.WriteAloneAsync<bool>(repository, async session =>
            {
                var row = MirrorRows.Open(session, repository, origin);
                await session.SendAsync();
                return await MirrorRows.TakeAsync(session, repository, row, origin) is { } refused ? refused : true;
            });
            if (taken.Error is { } other)
            {
                return other;
            }
        }
    }

    // Records a new link, and returns the refusal of a rule.
    private static RegistryError? RecordLink(
        PostgresSession session, ChangeContext change, long repositoryId, RepositoryName repository, Digest digest, long size)
    {
        ChangeRows.Append(session, change, ChangeKind.BlobLinked, repositoryId, repository, digest, size: size);
        return change.Rules.CheckBlob(new BlobChange(repository, digest, size, change.Origin));
    }

    // The row that the statement returns tells whether there is anything to renew.
    private async Task<bool> RenewAsync(Func<PostgresSession, List<long>> touch)
    {
        var renewed = await database.WriteAsync<bool>(async session =>
        {
            var rows = touch(session);
            await session.SendAsync();
            return rows.Count > 0;
        });
        return renewed.Value;
    }

    private ChangeContext Begin(ChangeOrigin origin, string? reason = null) => new() { Origin = origin, Reason = reason, Time = time.GetUtcNow(), Rules = rules };
}
