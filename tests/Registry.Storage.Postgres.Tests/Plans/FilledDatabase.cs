namespace Registry.Storage.Postgres.Tests.Plans;

/// <summary>A database with so many rows that a plan shows whether its statement reads all of them, and with the statistics of these rows.</summary>
internal sealed class FilledDatabase : IAsyncDisposable
{
    private readonly TestDatabase _database;

    private FilledDatabase(TestDatabase database) => _database = database;

    /// <summary>Tables with at least 1,000 rows.</summary>
    public required IReadOnlySet<string> Large { get; init; }

    /// <summary>Fills a database.</summary>
    /// <param name="repositories">Number of repositories among which the manifests are distributed.</param>
    /// <param name="manifests">Number of manifests, each with two layers of its own and one that ten share, a tag, and its changes. Every tenth has a subject.</param>
    public static async Task<FilledDatabase> CreateAsync(int repositories, int manifests)
    {
        var database = await TestDatabase.CreateAsync();
        await using var connection = await database.ConnectAsync();
        await using var fill = connection.CreateCommand();
        fill.CommandTimeout = (int)Patience.Limit.TotalSeconds;
#pragma warning disable CA2100 // Numbers of tests.
        fill.CommandText =
            $"""
            SET session_replication_role = replica;   -- no triggers, and no checks of foreign keys
            INSERT INTO repositories (name, has_manifests) SELECT 'team/' || n, true FROM generate_series(1, {repositories}) n;

            -- Ids 1 to {manifests} are manifests, then come two layers of each, then those that ten share. Of a hundred, one is orphaned.
            INSERT INTO content (digest, size, state, place)
            SELECT 'sha256:' || encode(sha256(n::text::bytea), 'hex'), 1000 + n, CASE WHEN n % 100 = 0 THEN 2 ELSE 1 END, 'blobs/' || n
            FROM generate_series(1, {manifests * 31 / 10}) n;
            INSERT INTO manifests (id, repository_id, content_id, media_type, subject, pushed_at, idle_since, is_root)
            SELECT n, 1 + n % {repositories}, n, 'application/vnd.oci.image.manifest.v1+json',
                CASE WHEN n % 10 = 0 THEN 'sha256:' || encode(sha256((n / 100 * 100 + 1)::text::bytea), 'hex') END,
                1700000000 + n, CASE WHEN n % 20 = 0 THEN n END, n % 40 <> 0
            FROM generate_series(1, {manifests}) n;
            INSERT INTO manifest_references (manifest_id, content_id, repository_id)
            SELECT n, c, 1 + n % {repositories} FROM generate_series(1, {manifests}) n,
                unnest(ARRAY[{manifests} + 2 * n - 1, {manifests} + 2 * n, {manifests * 3} + 1 + n * 7 % {manifests / 10}]) c;
            INSERT INTO blob_links (repository_id, content_id, idle_since)
            SELECT repository_id, content_id, CASE WHEN content_id % 20 = 0 THEN content_id END FROM manifest_references ON CONFLICT DO NOTHING;
            INSERT INTO tags (repository_id, name, manifest_id) SELECT 1 + n % {repositories}, 'v' || n, n FROM generate_series(1, {manifests}) n WHERE n % 20 <> 0;
            INSERT INTO tag_history (repository_id, tag, manifest_id, set_at) SELECT repository_id, name, manifest_id, 1700000000 FROM tags;
            INSERT INTO unsettled_subjects (repository_id, subject, settled_to)
            SELECT 1 + n % {repositories}, 'sha256:' || encode(sha256(n::text::bytea), 'hex'), n FROM generate_series(1, {manifests}, 10) n;
            INSERT INTO changes (position, kind, at, clock, source, repository_id, repository, tag, digest)
            SELECT n, kind, 1700000000000 + n, n, 1, repository_id, 'team/' || repository_id, CASE WHEN kind = 5 THEN 'v' || n / 3 END, 'sha256:' || n
            FROM (SELECT n, CASE n % 3 WHEN 0 THEN 5 WHEN 1 THEN 3 ELSE 1 END AS kind, 1 + n / 3 % {repositories} AS repository_id
                FROM generate_series(1, {manifests * 3}) n) made;
            INSERT INTO uploads (id, repository, owner, network, algorithm, process, generation, position, idle_since)
            SELECT gen_random_uuid(), 'team/1', 'user' || n % 500, '10.0.' || n % 250 || '.0/24', 'sha256', gen_random_uuid(), 1, n, n FROM generate_series(1, 5000) n;
            INSERT INTO upload_objects (upload, process, holder, generation, key) SELECT id, process, gen_random_uuid(), 1, 'blobs/u' || position FROM uploads;
            INSERT INTO upload_parts (upload, number, length, tag) SELECT upload, n, 16777216, 'tag' FROM upload_objects, generate_series(1, 4) n;
            INSERT INTO object_keys (key, due) SELECT 'blobs/' || n, CASE WHEN n % 50 = 0 THEN n END FROM generate_series(1, {manifests * 31 / 10}) n;
            INSERT INTO object_keys (key, upload) SELECT key, upload FROM upload_objects;
            INSERT INTO quarantine (digest, bytes, found_at) SELECT digest, '\x00', clock_timestamp() FROM content WHERE id <= 5000;
            INSERT INTO trash (repository_id, content_id, media_type, held_size, deleted_at, at, source)
            SELECT 1 + n % {repositories}, {manifests} + 2 * n, 'application/vnd.oci.image.manifest.v1+json', 3000, n, 1700000000000 + n, 1 FROM generate_series(1, {manifests / 4}) n;
            INSERT INTO trash_references (entry_id, content_id, repository_id, was_there)
            SELECT t.id, c, t.repository_id, true FROM trash t, unnest(ARRAY[{manifests} + 2 * t.id - 1, {manifests * 3} + 1 + t.id * 7 % {manifests / 10}]) c;
            INSERT INTO trash_tags (entry_id, name) SELECT id, 'v' || id FROM trash;
            INSERT INTO web_sessions (key, account, line, begun_at, used_at)
            SELECT sha256(n::text::bytea), 'user' || (n % 1000), 'line', n, n FROM generate_series(1, {repositories}) n;
            INSERT INTO space_repositories (repository_id, referred, only_here, trashed) SELECT n, 3 * n, n, 0 FROM generate_series(1, {repositories}) n;
            INSERT INTO repository_facts (repository_id, name, pushed_at, size) SELECT n, 'team/' || n, 1700000000000 + n, 3 * n FROM generate_series(1, {repositories}) n;
            INSERT INTO repository_names (repository_id, parts) SELECT n, parts_of_name('team/' || n) FROM generate_series(1, {repositories}) n;
            UPDATE repositories SET upstream = 'docker.io' WHERE id % 2 = 0;
            INSERT INTO mirrored_manifests (manifest_id, upstream, pulled_at) SELECT id, 'docker.io', pushed_at FROM manifests WHERE repository_id % 2 = 0;
            INSERT INTO manifest_pulls (manifest_id, pulled_at) SELECT id, pushed_at FROM manifests WHERE repository_id % 2 = 1;
            INSERT INTO tag_checks (repository_id, tag, checked_at) SELECT repository_id, name, 1700000000 FROM tags WHERE repository_id % 2 = 0;
            INSERT INTO repository_bytes (repository_id, bytes) SELECT n, 3 * n FROM generate_series(1, {repositories}) n;
            INSERT INTO kept_tags (repository, tag, digest) SELECT 'team/' || n % {repositories}, 'v' || n, 'sha256:' || n FROM generate_series(1, {manifests}) n;
            UPDATE tags SET set_at = 1700000000000 + manifest_id;
            INSERT INTO processes (id, alive_until) SELECT process, clock_timestamp() FROM uploads LIMIT 10;
            """;
#pragma warning restore CA2100
        await fill.ExecuteNonQueryAsync();

        // Of all rows, so that each run has the same plans.
        fill.CommandText = "SET default_statistics_target = 1000";
        await fill.ExecuteNonQueryAsync();
        fill.CommandText = "VACUUM (ANALYZE)";
        await fill.ExecuteNonQueryAsync();
        var large = await ListAsync(
            database, "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= 1000");
        return new FilledDatabase(database) { Large = large.ToHashSet() };
    }

    /// <summary>Plans a statement without knowing its arguments, as for a statement that a connection has prepared.</summary>
    public async Task<Plan> ExplainAsync(string sql)
    {
        await using var connection = await _database.ConnectAsync();
        return await Plan.ReadAsync(connection, sql, Large);
    }

    /// <summary>Runs a query on a connection of its own, and reads its first column.</summary>
    public Task<List<string>> ListAsync(string sql) => ListAsync(_database, sql);

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private static async Task<List<string>> ListAsync(TestDatabase database, string sql)
    {
        await using var connection = await database.ConnectAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of tests.
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
