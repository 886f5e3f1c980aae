using System.Globalization;
using System.Text.RegularExpressions;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Postgres.Schema;

namespace Registry.Storage.Postgres.Tests;

/// <summary>No statement that asks the trash, or what it holds beside manifests, takes longer because more is stored or deleted.</summary>
public sealed partial class TrashPlanTests
{
    private static readonly string[] Files =
    [
        "Rows/ContentRows.cs", "Rows/ManifestHolds.cs", "Rows/ManifestRows.cs", "Rows/SubjectRows.cs", "Rows/ContentExplanation.cs", "Trash/PurgeRows.cs", "Trash/TrashRows.cs",
    ];

    private static readonly string[] Content =
    [
        "INSERT INTO repositories (name) SELECT 'r' || n FROM generate_series(1, 100) n",
        "INSERT INTO content (digest, size, state) SELECT 'sha256:' || n, 10, 1 FROM generate_series(1, 6000) n",
        "INSERT INTO blob_links (repository_id, content_id) SELECT 1 + n % 100, n FROM generate_series(1, 4000) n",
        """
        INSERT INTO manifests (id, repository_id, content_id, media_type, subject, pushed_at)
        SELECT n, 1 + n % 100, 4000 + n, 'm', 'sha256:' || 4000 + n % 100, 0 FROM generate_series(1, 1000) n
        """,
        """
        INSERT INTO manifest_references (manifest_id, content_id, repository_id)
        SELECT 1 + n % 1000, n, 1 + (1 + n % 1000) % 100 FROM generate_series(1, 4000) n
        """,
        """
        INSERT INTO trash (repository_id, content_id, media_type, held_size, deleted_at, at, source)
        SELECT 1 + n % 100, 5000 + n, 'm', 10, n, n, 1 FROM generate_series(1, 1000) n
        """,
        """
        INSERT INTO trash_references (entry_id, content_id, repository_id, was_there)
        SELECT 1 + n % 1000, n, 1 + (1 + n % 1000) % 100, true FROM generate_series(1, 4000) n
        """,
        "INSERT INTO trash_tags (entry_id, name) SELECT n, 't' FROM generate_series(1, 1000) n",
        "ANALYZE",
    ];

    [Fact]
    public async Task No_statement_reads_a_whole_table()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (await PostgresDatabase.OpenAsync(database.Settings))
        {
            foreach (var sql in Content)
            {
                await database.RunAsync(sql);
            }
        }

        var statements = Files
            .SelectMany(file => Literal().Matches(string.Join('\n', SourceTree.Lines($"src/Registry.Storage.Postgres/{file}"))))
            .Select(match => match.Groups["sql"].Value.Replace("{Columns}", "t.id", StringComparison.Ordinal).Replace("{IsComplete}", "true", StringComparison.Ordinal))
            .Where(sql => Table().IsMatch(sql))
            .ToList();
        Assert.InRange(statements.Count, 20, 100);
        await using var connection = await database.ConnectAsync();
        await RunAsync("SET plan_cache_mode = force_generic_plan");
        for (var i = 0; i < statements.Count; i++)
        {
            var sql = statements[i];
            await RunAsync($"PREPARE s{i} AS {sql}");
            var count = Parameter().Matches(sql).Select(match => int.Parse(match.ValueSpan[1..], CultureInfo.InvariantCulture)).DefaultIfEmpty().Max();
            var arguments = count == 0 ? string.Empty : $"({string.Join(", ", Enumerable.Repeat("NULL", count))})";
            var plan = await RunAsync($"EXPLAIN EXECUTE s{i} {arguments}");
            Assert.False(FullScan().IsMatch(plan), $"{sql}\n{plan}");
        }

        async Task<string> RunAsync(string sql)
        {
            await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A constant of the product.
            command.CommandText = sql;
#pragma warning restore CA2100
            await using var reader = await command.ExecuteReaderAsync();
            var lines = new List<string>();
            while (await reader.ReadAsync())
            {
                lines.Add(reader.GetString(0));
            }

            return string.Join('\n', lines);
        }
    }

    [Fact]
    public async Task A_manifest_goes_into_the_trash_only_while_no_older_program_runs_and_none_can_come_back()
    {
        await using var engine = new PostgresEngine();
        await engine.RunAsync($"INSERT INTO processes (id, alive_until, schema) VALUES (gen_random_uuid(), clock_timestamp() - interval '59 minutes', {SchemaStep.OfTrash - 1})");
        await DeleteAsync("first");
        Assert.Empty((await engine.Trash.ListAllAsync(null, 10)).Entries);
        Assert.Equal(1L, await engine.RunAsync("SELECT value FROM meta WHERE key = 'schema_oldest'"));

        await engine.RunAsync("UPDATE processes SET alive_until = clock_timestamp() - interval '61 minutes' WHERE alive_until < clock_timestamp()");
        await DeleteAsync("second");
        Assert.Single((await engine.Trash.ListAllAsync(null, 10)).Entries);
        Assert.Equal((long)SchemaStep.OfTrash, await engine.RunAsync("SELECT value FROM meta WHERE key = 'schema_oldest'"));

        async Task DeleteAsync(string note)
        {
            var image = Samples.Image("config", [], note: note);
            Assert.Null(await engine.Metadata.LinkBlobAsync(RepositoryName.Parse("a"), Samples.Digest("config"), 6, ContractOrigin.Request));
            var put = Samples.Put(RepositoryName.Parse("a"), image);
            Assert.Null((await engine.Metadata.PutManifestAsync(put)).Error);
            Assert.Null((await engine.Metadata.DeleteManifestAsync(put.Repository, put.Digest, Precondition.None, put.Origin, toTrash: true)).Error);
        }
    }

    [GeneratedRegex("""
        \"{3}\s*(?<sql>(?:SELECT|INSERT|UPDATE|DELETE)\b.*?)\"{3}
        """, RegexOptions.Singleline)]
    private static partial Regex Literal();

    [GeneratedRegex(@"\b(?:held_content|kept_manifests|trash|trash_references|trash_tags)\b")]
    private static partial Regex Table();

    [GeneratedRegex(@"\$\d+")]
    private static partial Regex Parameter();

    [GeneratedRegex("Seq Scan on (?:content|blob_links|manifests|manifest_references|trash|trash_references|trash_tags)")]
    private static partial Regex FullScan();
}
