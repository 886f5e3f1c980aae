using System.Net;
using System.Text;
using Npgsql;
using Registry.Bench.Peers;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Testing;
using Registry.Testing.Engines;

namespace Registry.Bench.Scale;

/// <summary>A PostgreSQL with a large database, and an S3 store. The small part is pushed to a node.</summary>
internal sealed class ScaleDatabase : IScaleStore
{
    private const string Bucket = "registry";
    private const int Pushers = 4;

    private static readonly string[] Copies =
    [
        "SET session_replication_role = replica",   // no triggers, and no checks of foreign keys
        "CREATE TEMP TABLE copies AS SELECT n FROM generate_series(1, @copies) n",
        """
        CREATE TEMP TABLE offsets AS SELECT (SELECT max(id) FROM repositories) AS r, (SELECT max(id) FROM content) AS c, (SELECT max(id) FROM manifests) AS m,
        (SELECT id FROM content WHERE digest = @baseDigest) AS b
        """,
        $"""
        INSERT INTO content (id, digest, size, state, bytes) OVERRIDING SYSTEM VALUE
        SELECT t.id + k.n * o.c, {CopiedDigest("t.digest")}, t.size, t.state, t.bytes
        FROM offsets o, copies k, content t WHERE t.id <= o.c AND t.id <> o.b
        """,
        """
        INSERT INTO repositories (id, name, has_manifests, pinned) OVERRIDING SYSTEM VALUE
        SELECT t.id + k.n * o.r, replace(t.name, @team, @team || '-' || lpad(k.n::text, 4, '0')), t.has_manifests, t.pinned
        FROM offsets o, copies k, repositories t WHERE t.id <= o.r
        """,
        $"""
        INSERT INTO manifests (id, repository_id, content_id, media_type, artifact_type, subject, annotations, pushed_at, idle_since, is_root)
        SELECT t.id + k.n * o.m, t.repository_id + k.n * o.r, t.content_id + k.n * o.c, t.media_type, t.artifact_type,
        {CopiedDigest("t.subject")}, t.annotations, t.pushed_at, t.idle_since, t.is_root FROM offsets o, copies k, manifests t WHERE t.id <= o.m
        """,
        """
        INSERT INTO blob_links (repository_id, content_id, idle_since)
        SELECT t.repository_id + k.n * o.r, CASE WHEN t.content_id = o.b THEN o.b ELSE t.content_id + k.n * o.c END, t.idle_since
        FROM offsets o, copies k, blob_links t WHERE t.repository_id <= o.r
        """,
        """
        INSERT INTO manifest_references (manifest_id, content_id, repository_id)
        SELECT t.manifest_id + k.n * o.m, CASE WHEN t.content_id = o.b THEN o.b ELSE t.content_id + k.n * o.c END, t.repository_id + k.n * o.r
        FROM offsets o, copies k, manifest_references t WHERE t.manifest_id <= o.m
        """,
        """
        INSERT INTO tags (repository_id, name, manifest_id)
        SELECT t.repository_id + k.n * o.r, t.name, t.manifest_id + k.n * o.m FROM offsets o, copies k, tags t WHERE t.repository_id <= o.r
        """,
        """
        INSERT INTO tag_history (repository_id, tag, manifest_id, set_at)
        SELECT t.repository_id + k.n * o.r, t.tag, t.manifest_id + k.n * o.m, t.set_at FROM offsets o, copies k, tag_history t WHERE t.repository_id <= o.r
        """,
        $"""
        WITH before AS (SELECT max(sequence) AS s FROM changes), set AS (SELECT *, row_number() OVER (ORDER BY repository_id) AS n, count(*) OVER () AS all FROM tags)
        INSERT INTO changes (sequence, position, kind, at, clock, source, actor, request, address, client, repository_id, repository, tag, digest, media_type, size)
        OVERRIDING SYSTEM VALUE
        SELECT s + t.n, s + t.n, {(int)ChangeKind.TagSet}, {Now} - t.all + t.n, 0, {(int)ChangeSource.Request}, 'ci', lpad(to_hex(t.n), 16, '0'), '192.0.2.1', 'docker/28.5.1',
        t.repository_id, r.name, t.name, c.digest, m.media_type, c.size
        FROM before, set t JOIN repositories r ON r.id = t.repository_id JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id
        """,
        $"""
        WITH before AS (SELECT max(sequence) AS s FROM changes)
        INSERT INTO changes (sequence, position, kind, at, clock, source, actor, request, address, client, repository_id, repository, tag, digest, previous, media_type, size)
        OVERRIDING SYSTEM VALUE
        SELECT s + n, s + n, {(int)ChangeKind.TagSet}, {Now} - 1000 * (@copies * {ScaleContent.MovesPerCopy} - n), 0, {(int)ChangeSource.Request}, 'ci', lpad(to_hex(n), 16, '0'),
        '192.0.2.1', 'docker/28.5.1', t.repository_id, r.name, t.name, {DigestOf("n")}, {DigestOf("n - 1")}, m.media_type, c.size
        FROM before, tags t JOIN repositories r ON r.id = t.repository_id AND r.name = @moved JOIN manifests m ON m.id = t.manifest_id JOIN content c ON c.id = m.content_id,
        generate_series(1, @copies * {ScaleContent.MovesPerCopy}) n WHERE t.name = @movedTag
        """,
        """
        SELECT setval(pg_get_serial_sequence('content', 'id'), (SELECT max(id) FROM content)),
        setval(pg_get_serial_sequence('repositories', 'id'), (SELECT max(id) FROM repositories)), setval('manifest_ids', (SELECT max(id) FROM manifests)),
        setval(pg_get_serial_sequence('changes', 'sequence'), (SELECT max(sequence) FROM changes))
        """,
    ];

    private readonly RegistryProgram _program;
    private readonly PostgresServer _postgres;
    private readonly CephGateway _ceph;

    private ScaleDatabase(RegistryProgram program, PostgresServer postgres, CephGateway ceph) => (_program, _postgres, _ceph) = (program, postgres, ceph);

    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string?>(_ceph.VariablesOf(Bucket))
    {
        ["REGISTRY_METADATA"] = "postgres",
        ["REGISTRY_POSTGRES"] = _postgres.ConnectionString,
    }.ToDictionary(variable => variable.Key, variable => variable.Value!, StringComparer.Ordinal);

    private static string Now => "(1000 * extract(epoch FROM statement_timestamp()))::bigint";

    /// <summary>Starts the stores, which are empty.</summary>
    /// <param name="program">The registry to which the small part is pushed.</param>
    /// <exception cref="ArgumentException">PostgreSQL or the S3 store is not installed.</exception>
    public static async Task<ScaleDatabase> StartAsync(RegistryProgram program)
    {
        if (NodesField.Missing is { } missing)
        {
            throw new ArgumentException(missing);
        }

        var postgres = await PostgresServer.StartAsync(isDurable: true, "shared_buffers=512MB", "max_wal_size=4GB");
        CephGateway? ceph = null;
        try
        {
            ceph = await CephGateway.StartAsync();
            await ceph.CreateBucketAsync(Bucket);
            return new ScaleDatabase(program, postgres, ceph);
        }
        catch
        {
            await (ceph?.DisposeAsync() ?? ValueTask.CompletedTask);
            await postgres.DisposeAsync();
            throw;
        }
    }

    public async Task<long> MeasureSizeAsync() => (long)(await RunAsync("SELECT pg_database_size(current_database())", 0))!;

    public async Task FillAsync(ScaleSize size)
    {
        await PushAsync(ScaleContent.OfTeam());
        await RunAsync(string.Join(";\n", Copies), size.Copies);
        await RunAsync("VACUUM (ANALYZE)", 0);
        await PushAsync(ScaleContent.BesideTeam(size.ManifestsWithTags));
        await RunAsync("VACUUM (ANALYZE)", 0);
        await RunAsync("CHECKPOINT", 0);
    }

    public async ValueTask DisposeAsync()
    {
        await _ceph.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    // The rule of ScaleContent.CopyOf.
    private static string CopiedDigest(string column) => $"'sha256:' || lpad(to_hex((k.n * 2654435761) % 4294967296), 8, '0') || substr({column}, 16)";

    private static string DigestOf(string number) => $"'sha256:' || lpad(to_hex({number}), 64, '0')";

    private async Task PushAsync(IEnumerable<ScaleRepository> repositories)
    {
        using var folder = new TemporaryFolder("scale");
        await using var node = await RegistryServer.StartAsync(_program, folder.Path, Settings);
        using var client = new HttpClient { BaseAddress = new Uri($"http://{node.Address.EndPoint}") };
        foreach (var repository in repositories)
        {
            var blobs = repository.Manifests.SelectMany(manifest => manifest.Blobs).Distinct(StringComparer.Ordinal);
            await Parallel.ForEachAsync(blobs, AtOnce, async (blob, cancellation) =>
            {
                var bytes = Encoding.UTF8.GetBytes(blob);
                using var body = new ByteArrayContent(bytes);
                await CheckAsync(await client.PostAsync(
                    new Uri($"/v2/{repository.Name}/blobs/uploads/?digest={ScaleContent.DigestOf(bytes)}", UriKind.Relative), body, cancellation));
            });
            await Parallel.ForEachAsync(repository.Manifests, AtOnce, async (manifest, cancellation) =>
            {
                using var body = new ByteArrayContent(manifest.Bytes);
                body.Headers.ContentType = new(MediaTypes.OciManifest);
                var tags = string.Concat(manifest.Tags.Select((tag, i) => $"{(i == 0 ? '?' : '&')}tag={tag}"));
                await CheckAsync(await client.PutAsync(new Uri($"/v2/{repository.Name}/manifests/{manifest.Digest}{tags}", UriKind.Relative), body, cancellation));
            });
        }

        static async Task CheckAsync(HttpResponseMessage answer)
        {
            using (answer)
            {
                if (answer.StatusCode != HttpStatusCode.Created)
                {
                    throw new InvalidOperationException($"The content was not pushed: {answer.StatusCode}, {await answer.Content.ReadAsStringAsync()}");
                }
            }
        }
    }

    private static ParallelOptions AtOnce => new() { MaxDegreeOfParallelism = Pushers };

    private async Task<object?> RunAsync(string sql, int copies)
    {
        await using var connection = new NpgsqlConnection(_postgres.ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100 // Constants of the benchmark.
        await using var command = new NpgsqlCommand(Fill(sql), connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();

        // CREATE TABLE AS takes no parameters.
        string Fill(string statement) => statement
            .Replace("@copies", $"{copies}", StringComparison.Ordinal)
            .Replace("@baseDigest", $"'{ScaleContent.BaseDigest}'", StringComparison.Ordinal)
            .Replace("@team", $"'{ScaleContent.Team}'", StringComparison.Ordinal)
            .Replace("@movedTag", $"'{ScaleContent.TagOf(0)}'", StringComparison.Ordinal)
            .Replace("@moved", $"'{ScaleContent.Moved}'", StringComparison.Ordinal);
    }
}
