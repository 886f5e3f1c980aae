using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Changes;
using Registry.Core.Storage;
using Registry.Storage.Files;
using Registry.Storage.Sqlite;

namespace Registry.Bench.Scale;

/// <summary>A data folder with a large database. The small part is written as when a tree is indexed. Only the files are missing, apart from some manifests.</summary>
internal sealed class ScaleFolder : IScaleStore
{
    private static readonly string[] Copies =
    [
        "CREATE TEMP TABLE copies AS WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < @copies) SELECT n FROM numbers",
        "CREATE TEMP TABLE offsets AS SELECT (SELECT max(id) FROM repositories) AS r, (SELECT max(id) FROM content) AS c, (SELECT max(id) FROM manifests) AS m, (SELECT id FROM content WHERE digest = @baseDigest) AS b",
        $"""
        INSERT INTO content (id, digest, size, state)
        SELECT t.id + k.n * o.c, {CopiedDigest("t.digest")}, t.size, t.state
        FROM offsets o, copies k, content t WHERE t.id <= o.c AND t.id <> o.b
        """,
        """
        INSERT INTO repositories (id, name, manifest_count, pinned)
        SELECT t.id + k.n * o.r, replace(t.name, @team, @team || '-' || printf('%04d', k.n)), t.manifest_count, t.pinned
        FROM offsets o, copies k, repositories t WHERE t.id <= o.r
        """,
        $"""
        INSERT INTO manifests
        (id, repository_id, content_id, media_type, artifact_type, subject, annotations, idle_since, is_root, pushed_at)
        SELECT t.id + k.n * o.m, t.repository_id + k.n * o.r, t.content_id + k.n * o.c, t.media_type, t.artifact_type,
        {CopiedDigest("t.subject")}, t.annotations, t.idle_since, t.is_root, t.pushed_at FROM offsets o, copies k, manifests t WHERE t.id <= o.m
        """,
        """
        INSERT INTO blob_links (repository_id, content_id, idle_since)
        SELECT t.repository_id + k.n * o.r, iif(t.content_id = o.b, o.b, t.content_id + k.n * o.c), t.idle_since
        FROM offsets o, copies k, blob_links t WHERE t.repository_id <= o.r
        """,
        """
        INSERT INTO manifest_references (manifest_id, content_id, repository_id)
        SELECT t.manifest_id + k.n * o.m, iif(t.content_id = o.b, o.b, t.content_id + k.n * o.c), t.repository_id + k.n * o.r
        FROM offsets o, copies k, manifest_references t WHERE t.manifest_id <= o.m
        """,
        """
        INSERT INTO tags (repository_id, name, manifest_id)
        SELECT t.repository_id + k.n * o.r, t.name, t.manifest_id + k.n * o.m
        FROM offsets o, copies k, tags t WHERE t.repository_id <= o.r
        """,
        """
        INSERT INTO tag_history (repository_id, tag, manifest_id, set_at)
        SELECT t.repository_id + k.n * o.r, t.tag, t.manifest_id + k.n * o.m, t.set_at
        FROM offsets o, copies k, tag_history t WHERE t.repository_id <= o.r
        """,
        $"""
        INSERT INTO changes (kind, at, clock, source, actor, request, address, client, repository_id, repository, tag, digest, media_type, size)
        SELECT {(int)ChangeKind.TagSet}, 1000 * unixepoch() - t.rank, 0, {(int)ChangeSource.Request}, 'ci', printf('%016x', t.rank), '192.0.2.1', 'docker/28.5.1', t.repository_id,
        r.name, t.name, c.digest, m.media_type, c.size
        FROM (SELECT *, row_number() OVER (ORDER BY repository_id DESC) AS rank FROM tags) t
        JOIN repositories r ON r.id = t.repository_id JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id ORDER BY t.rank DESC
        """,
        $"""
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < @copies * {ScaleContent.MovesPerCopy})
        INSERT INTO changes (kind, at, clock, source, actor, request, address, client, repository_id, repository, tag, digest, previous, media_type, size)
        SELECT {(int)ChangeKind.TagSet}, 1000 * unixepoch() - 1000 * (@copies * {ScaleContent.MovesPerCopy} - n), 0, {(int)ChangeSource.Request}, 'ci', printf('%016x', n), '192.0.2.1',
        'docker/28.5.1', t.repository_id, r.name, t.name, {DigestOf("n")}, {DigestOf("n - 1")}, m.media_type, c.size
        FROM tags t JOIN repositories r ON r.id = t.repository_id AND r.name = @moved JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id, numbers
        WHERE t.name = @movedTag
        """,
        "UPDATE change_consumers SET position = (SELECT max(sequence) FROM changes)",
    ];

    private readonly List<string> _garbage = [];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("registry-scale-");

    public ScaleFolder() => Paths = new DataPaths(_folder.FullName);

    public DataPaths Paths { get; }

    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = Paths.Root };

    public Task<long> MeasureSizeAsync() => Task.FromResult(new FileInfo(Paths.Database).Length);

    public async Task FillAsync(ScaleSize size)
    {
        await AddAsync(ScaleContent.OfTeam(), isComplete: false);
        Multiply(size.Copies);
        await AddAsync(ScaleContent.BesideTeam(size.ManifestsWithTags), isComplete: true);
        for (var i = 0; i < ScaleContent.Repositories; i++)
        {
            Store(ScaleContent.Image(ScaleContent.Name(i), 0));
        }

        // Otherwise the measured commits would wait until all of it is written.
        using var file = File.OpenHandle(Paths.Database, access: FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Writes the files of manifests that are in the database, and of their blobs.</summary>
    public void Store(IEnumerable<ScaleManifest> manifests)
    {
        foreach (var manifest in manifests)
        {
            Store(manifest.Bytes);
            foreach (var blob in manifest.Blobs)
            {
                Store(Encoding.UTF8.GetBytes(blob));
            }
        }
    }

    /// <summary>Adds blobs to a repository that no manifest ever needed.</summary>
    public void AddGarbage(int count)
    {
        using var connection = Connect();
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.CommandText =
            """
            INSERT INTO content (digest, size, state) VALUES (@digest, 4, 1);
            INSERT INTO blob_links (repository_id, content_id, idle_since) SELECT min(id), last_insert_rowid(), 0 FROM repositories
            """;
        var parameter = command.Parameters.Add("@digest", SqliteType.Text);
        for (var i = 0; i < count; i++)
        {
            var bytes = BitConverter.GetBytes(i);
            Store(bytes);
            parameter.Value = ScaleContent.DigestOf(bytes).Value;
            command.ExecuteNonQuery();
            _garbage.Add(Paths.BlobData(ScaleContent.DigestOf(bytes)));
        }

        transaction.Commit();
    }

    /// <summary>True while one of the added blobs still exists.</summary>
    public bool HasGarbage
    {
        get
        {
            while (_garbage.Count > 0 && !File.Exists(_garbage[^1]))
            {
                _garbage.RemoveAt(_garbage.Count - 1);
            }

            return _garbage.Count > 0;
        }
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    // The bytes of a manifest, so that it can be pulled, or of a blob.
    private void Store(byte[] content)
    {
        var digest = ScaleContent.DigestOf(content);
        Directory.CreateDirectory(Paths.BlobDirectory(digest));
        File.WriteAllBytes(Paths.BlobData(digest), content);
    }

    // The rule of ScaleContent.CopyOf.
    private static string CopiedDigest(string column) =>
        $"'sha256:' || printf('%08x', (k.n * 2654435761) % 4294967296) || substr({column}, 16)";

    private static string DigestOf(string number) => $"'sha256:' || printf('%064x', {number})";

    private async Task AddAsync(IEnumerable<ScaleRepository> repositories, bool isComplete)
    {
        using var database = SqliteDatabase.Open(
            Paths.Database, new StorageHealth(NullLogger<StorageHealth>.Instance), TimeProvider.System);
        var target = new SqliteIndexTarget(database, TimeProvider.System);
        await Task.WhenAll(repositories.Select(repository => target.AddRepositoryAsync(repository.ToTree())));
        if (isComplete)
        {
            await target.CompleteAsync();
        }
    }

    private void Multiply(int copies)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();

        // Digests arrive in random order: if the cache cannot hold their index, each costs a read and a write.
        command.CommandText = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; BEGIN";
        command.ExecuteNonQuery();
        command.Parameters.AddWithValue("@copies", copies);
        command.Parameters.AddWithValue("@team", ScaleContent.Team);
        command.Parameters.AddWithValue("@baseDigest", ScaleContent.BaseDigest.Value);
        command.Parameters.AddWithValue("@moved", ScaleContent.Moved.Value);
        command.Parameters.AddWithValue("@movedTag", ScaleContent.TagOf(0).Value);
        command.CommandText = string.Join(";\n", [.. Copies, "COMMIT"]);
        command.ExecuteNonQuery();
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Paths.Database};Pooling=False");
        connection.Open();
        return connection;
    }
}
