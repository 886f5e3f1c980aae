using Registry.Testing.Engines;

namespace Registry.Storage.Postgres.Tests.Plans;

/// <summary>
/// No statement takes longer because more is stored: PostgreSQL says of each how it would run it on a filled database. The plans are those for any arguments, which
/// a connection uses for a statement that it has prepared. What other statements do, those of triggers and of foreign keys, is part of the same tables.
/// </summary>
public sealed class QueryPlanTests(QueryPlanTests.Databases databases) : IClassFixture<QueryPlanTests.Databases>
{
    // Beginnings and ends of statements, each with the reason why it may read a whole table, or sort all rows of which it returns a page.
    private static readonly Dictionary<string, string> Allowed = new()
    {
        ["SELECT ( SELECT count(*) FROM manifests m JOIN repositories r"] = "counts what a collection by hand would remove",
        ["SELECT (SELECT count(*) FROM manifests), (SELECT count(*) FROM blob_links)"] = "counts what there is, when a collection would remove many",
        ["SELECT c.digest, c.size, c.state >= 2, count(*) OVER ()"] = "lists what a collection by hand would remove, for a dry run",
        ["SELECT count(*), coalesce(sum(size), 0)::bigint FROM content"] = "counts what a verification by hand reads",
        ["SELECT count(*) FROM tags"] = "counts the tags, when the feed has more changes than it keeps",
        ["SELECT c.digest, m.media_type, c.size, CASE WHEN octet_length(m.artifact_type)"] = "sorts the referrers of one manifest, not those of the others",
        ["SELECT n.digest FROM trash_references f"] = "sorts what one manifest referred to",
        ["SELECT (SELECT count(*) FROM object_keys WHERE due IS NOT NULL)"] = "counts the objects that wait for their deletion",
        ["WITH given AS ( UPDATE changes c SET position"] = "gives positions to the changes of the last tenth of a second",
        ["SELECT EXISTS (SELECT 1 FROM changes WHERE position IS NULL)"] = "looks for one of these changes",
        ["SELECT sum(blobs)::bigint, sum(stored)::bigint"] = "counts these changes",
        ["SELECT u.upload, s.id IS NULL AND u.process <> $1 FROM upload_objects u"] = "read at the start of a node; there are as many as uploads in progress, whose number is limited",
        ["UPDATE uploads u SET process = $1, generation = generation + 1 WHERE NOT EXISTS"] = "the same",
        ["SELECT u.id, u.repository, u.owner, u.network, u.algorithm, u.generation, u.position, u.hash_state FROM uploads u WHERE process"] = "the same",
        ["SELECT (SELECT count(*) FROM uploads)"] = "counts the uploads in progress, whose number is limited",
        ["END FROM uploads u"] = "lists the uploads in progress",
        ["AND NOT (u.is_used AND EXISTS (SELECT 1 FROM processes p WHERE p.id = u.process AND p.alive_until > clock_timestamp()))"] = "lists those that expire",
        ["WITH empty AS ( SELECT id, owner, network, is_used, idle_since"] = "finds the upload that gives way, when there are as many as are allowed",
    };

    // What may read a whole table if there are few repositories.
    private static readonly Dictionary<string, string> AllowedWithFew = new()
    {
        ["SELECT c.digest, m.id FROM repositories r JOIN manifests m"] = "reads a whole repository, which is a fifth of all",
        ["SELECT t.name, c.digest FROM repositories r JOIN tags t"] = "the same",
        ["SELECT c.digest FROM repositories r JOIN manifests m"] = "the same",
        ["SELECT c.digest FROM repositories r JOIN blob_links l"] = "the same",
        ["FROM unsettled_subjects WHERE repository_id = $1"] = "looks for the subjects of a repository among all, of which they are a fifth",
        ["SELECT m.content_id, c.digest, CASE WHEN c.state >= 1"] = "reads a whole repository, up to a limit",
        ["SELECT m.content_id, f.content_id FROM manifests m"] = "the same",
        ["SELECT m.id, c.digest, c.size, ( SELECT s.id"] = "the same",
        ["SELECT f.manifest_id, k.id FROM manifests k"] = "the same",
        ["SELECT t.name, t.manifest_id, greatest(t.set_at, 1000"] = "the same",
        ["SELECT b.content_id, CASE WHEN c.state >= 1"] = "the same",
        ["SELECT t.name, m.content_id FROM tags t"] = "the same",
        ["FROM trash t JOIN repositories r ON r.id = t.repository_id JOIN content c ON c.id = t.content_id WHERE t.repository_id = (SELECT id FROM repositories WHERE name = $1) AND t.id < $2 ORDER BY t.id DESC LIMIT $3"] = "looks for the entries of a repository among all, of which they are a fifth",
    };

    // What sorts so little, by the statistics, that PostgreSQL may choose either plan.
    private static readonly Dictionary<string, string> Sorting = new()
    {
        ["INSERT INTO unsettled_subjects (repository_id, subject, settled_to)"] = "the referrers of one manifest, not those of the others",
    };

    // Tables that stay small, whatever is stored.
    private static readonly Dictionary<string, string> Small = new()
    {
        ["meta"] = "a row for each number",
        ["clock"] = "one row",
        ["totals"] = "one row",
        ["total_deltas"] = "the changes since the last fold, a minute ago at most",
        ["mirror_totals"] = "a row for each upstream, and the changes since the last fold",
        ["token_key"] = "one row",
        ["migration"] = "one row",
        ["processes"] = "a row for each node of the last day",
        ["space_days"] = "a row for each of the last 400 days",
        ["turns"] = "a row for each kind of work",
        ["change_consumers"] = "a row for each consumer",
        ["event_endpoints"] = "a row for each endpoint of the configuration",
        ["event_lanes"] = "rows for each endpoint, one for each lane",
        ["event_deliveries"] = "rows for each endpoint, the last ones of each lane",
        ["change_held"] = "a row for each repository whose links a consumer cannot write; a tree has consumers, and nodes have no tree",
    };

    // No index begins with the column, since no row of the other table is ever removed.
    private static readonly Dictionary<string, string> UnusedKeys = new()
    {
        ["manifest_references.repository_id"] = "repositories stay",
        ["trash_references.repository_id"] = "the same",
    };

    public static TheoryData<string> Found => new(Statements.All);

    [Fact]
    public void All_statements_are_found() => Assert.InRange(Statements.All.Count, 150, Statements.Lines);

    [Fact]
    public void Every_exception_is_one_of_a_statement() =>
        Assert.All([.. Allowed.Keys, .. AllowedWithFew.Keys, .. Sorting.Keys], part => Assert.Single(Statements.All, sql => IsOf(part, sql)));

    [Fact]
    public async Task Every_table_is_filled_or_stays_small()
    {
        var tables = await databases.Many.ListAsync("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace");
        Assert.Equal(tables.Order(StringComparer.Ordinal), databases.Many.Large.Concat(Small.Keys).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Found))]
    public async Task No_statement_reads_a_whole_table_or_sorts_all_for_a_page(string sql)
    {
        await AssertPlanAsync(databases.Many, sql, Allowed.Keys);
        await AssertPlanAsync(databases.Few, sql, Allowed.Keys.Concat(AllowedWithFew.Keys));
    }

    [Fact]
    public async Task No_foreign_key_is_checked_by_reading_a_whole_table()
    {
        var checks = await databases.Many.ListAsync(
            """
            SELECT c.relname || '.' || a.attname FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1] WHERE f.contype = 'f' ORDER BY 1
            """);
        Assert.InRange(checks.Count, 14, int.MaxValue);
        Assert.All(UnusedKeys.Keys, key => Assert.Contains(key, checks));
        foreach (var check in checks.Except(UnusedKeys.Keys))
        {
            var (table, column) = (check.Split('.')[0], check.Split('.')[1]);
            await AssertPlanAsync(databases.Many, $"SELECT 1 FROM ONLY {table} x WHERE $1 = {column} FOR KEY SHARE OF x", []);
        }
    }

    private static bool IsOf(string part, string sql) => sql.StartsWith(part, StringComparison.Ordinal) || sql.EndsWith(part, StringComparison.Ordinal);

    private static async Task AssertPlanAsync(FilledDatabase database, string sql, IEnumerable<string> allowed)
    {
        var plan = await database.ExplainAsync(sql);
        if (Sorting.Keys.Any(part => IsOf(part, sql)))
        {
            Assert.All(plan.Costly, fault => Assert.StartsWith("Sort by ", fault, StringComparison.Ordinal));
        }
        else if (allowed.Any(part => IsOf(part, sql)))
        {
            Assert.True(plan.Costly.Count > 0, $"The exception is not needed any more:\n{sql}\n{plan.Json}");
        }
        else
        {
            Assert.True(plan.Costly.Count == 0, $"{string.Join(", ", plan.Costly)}:\n{sql}\n{plan.Json}");
        }
    }

    /// <summary>A database of small repositories, and one of large ones.</summary>
    public sealed class Databases : IAsyncLifetime
    {
        private const int Manifests = 20_000;

        private FilledDatabase? _many;
        private FilledDatabase? _few;

        /// <summary>2,000 repositories.</summary>
        internal FilledDatabase Many => Require(_many);

        /// <summary>5 repositories.</summary>
        internal FilledDatabase Few => Require(_few);

        public async ValueTask InitializeAsync()
        {
            if (PostgresServer.IsInstalled)
            {
                _many = await FilledDatabase.CreateAsync(repositories: 2_000, Manifests);
                _few = await FilledDatabase.CreateAsync(repositories: 5, Manifests);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await (_many?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (_few?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        private static FilledDatabase Require(FilledDatabase? database)
        {
            Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed: apt-get install postgresql-15");
            return database!;
        }
    }
}
