using System.Text.RegularExpressions;

namespace Registry.Storage.Postgres.Tests.Plans;

/// <summary>
/// Plans for arguments that PostgreSQL knows, as those of the first five runs of a statement: a page of the history of a tag, the removal of a manifest, and a page of the
/// activity are read by an index, also when the tag has moved thousands of times.
/// </summary>
public sealed partial class HistoryPlanTests
{
    private const string History = "src/Registry.Storage.Postgres/Rows/HistoryRows.cs";
    private const string Activity = "src/Registry.Storage.Postgres/Activity/ActivityRows.cs";

    [Fact]
    public async Task No_statement_reads_the_whole_table_or_sorts()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (await PostgresDatabase.OpenAsync(database.Settings))
        {
            await database.RunAsync(
                """
                INSERT INTO repositories (name) SELECT 'r' || n FROM generate_series(1, 2) n;
                INSERT INTO changes (kind, at, clock, source, repository_id, repository, tag, digest)
                SELECT CASE WHEN n % 10 = 0 THEN 4 ELSE 5 END, n, n, 1, r.id, r.name, CASE WHEN n % 10 = 0 THEN NULL ELSE 't' || n % 3 END, 'sha256:' || n
                FROM generate_series(1, 40000) n JOIN repositories r ON r.name = 'r' || (1 + n / 10 % 2);
                ANALYZE repositories; ANALYZE changes;
                """);
        }

        foreach (var sql in ReadStatements(History, 4))
        {
            var isRemoval = sql.Contains("AND digest = $2", StringComparison.Ordinal);
            await AssertUsesAsync(database, sql, isRemoval ? "changes_of_removals" : "changes_of_tags", "'r2'", isRemoval ? "'sha256:20010'" : "'t2'", "20000", "101");
        }

        var activity = ReadStatements(Activity, 2);
        await AssertUsesAsync(database, activity[0], "changes_pkey", "20000", "101");
        await AssertUsesAsync(database, activity[1], "changes_of_repository", "'r2'", "-20000", "101");
    }

    private static List<string> ReadStatements(string file, int count)
    {
        var statements = Literal().Matches(string.Join('\n', SourceTree.Lines(file))).Select(match => match.Groups["sql"].Value).ToList();
        Assert.Equal(count, statements.Count);
        return statements;
    }

    private static async Task AssertUsesAsync(TestDatabase database, string sql, string index, params IReadOnlyList<string> arguments)
    {
        var plan = await ExplainAsync(database, sql, arguments);
        Assert.Matches($"Index Scan( Backward)? using {index} on changes", plan);
        Assert.DoesNotContain("Seq Scan on changes", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Sort", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Bitmap", plan, StringComparison.Ordinal);
    }

    // As the statement is prepared: the plan is made for values like these.
    private static async Task<string> ExplainAsync(TestDatabase database, string sql, IReadOnlyList<string> arguments)
    {
        var given = sql;
        for (var i = 0; i < arguments.Count; i++)
        {
            given = given.Replace($"${i + 1}", arguments[i], StringComparison.Ordinal);
        }

        await using var connection = await database.ConnectAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A constant of the product.
        command.CommandText = $"EXPLAIN {given}";
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            lines.Add(reader.GetString(0));
        }

        return string.Join('\n', lines);
    }

    [GeneratedRegex("""
        \"{3}\s*(?<sql>SELECT\b.*?)\"{3}
        """, RegexOptions.Singleline)]
    private static partial Regex Literal();
}
