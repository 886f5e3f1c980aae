using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Registry.Storage.Sqlite.Tests;

/// <summary>
/// No statement takes longer because more is stored: SQLite says of each how it would run it. Nothing ever runs ANALYZE, so an empty database
/// has the plans of a full one.
/// </summary>
public sealed partial class QueryPlanTests : IDisposable
{
    private const string Statements = "src/Registry.Storage.Sqlite";

    // Each with the reason why it may read a whole table, or sort.
    private static readonly Dictionary<string, string> Allowed = new()
    {
        ["SELECT id, repository, owner, network, algorithm"] = "read once, at start; there are as many as uploads in progress",
        ["UPDATE uploads SET process"] = "the same",
        ["SELECT u.upload, u.rest_length"] = "the same",
        ["SELECT upload FROM upload_objects WHERE upload NOT IN"] = "the same",
        ["UPDATE upload_objects SET holder = @1"] = "the same",
        ["SELECT c.digest, m.media_type, c.size, iif(octet_length(m.artifact_type)"] =
            "sorts the referrers of one manifest, not those of the others",
        ["SELECT r.name FROM mirror_totals u"] = "has a row for each upstream",
        ["INSERT INTO repositories (name, upstream) VALUES (@1, @2) RETURNING id"] =
            "looks for rows that wait for their repository, if there are any; no foreign key is deferred, so there are none",
        ["SELECT COUNT(*) FROM blob_links"] = "counts what there is, when a collection would remove many",
        ["SELECT COUNT(*), COALESCE(SUM(size), 0) FROM content"] = "counts what a backup copies, in its snapshot, and what a verification by hand reads",
        ["INSERT INTO changes (kind, at, clock, source, repository_id, repository, digest) SELECT"] = "writes down the whole tree of what is restored",
        ["INSERT INTO changes (kind, at, clock, source, repository_id, repository, tag, digest) SELECT"] =
            "writes down the whole tree of what is restored",
        ["DELETE FROM changes WHERE kind"] = "removes what the tree of a backup had not yet, in its snapshot",
        ["DELETE FROM changes WHERE sequence IN ( SELECT e.sequence FROM ("] = "groups the few hundred changes of one turn",
        ["SELECT seq FROM sqlite_sequence"] = "has a row for each of three tables",
        ["SELECT repository, position FROM change_held"] = "there are as many as repositories whose links cannot be written",
        ["DELETE FROM change_held WHERE consumer"] = "in the snapshot of a backup, the same",
        ["DELETE FROM staged_content;"] = "empties the table in the snapshot of a backup",
        ["DELETE FROM uploads;"] = "the same",
        ["SELECT c.digest, c.size, c.state >= 2, COUNT(*) OVER ()"] = "counts what a collection by hand would remove, for a dry run on a stopped registry",
        ["SELECT round, at, clock, repositories, referred"] = "has a row for each of the last 400 days",
        ["DELETE FROM space_days"] = "the same",
        ["SELECT j.value, (SELECT COUNT(*) FROM (SELECT 1 FROM tags"] = "counts up to a limit",
        ["SELECT COUNT(*) FROM (SELECT 1 FROM manifests WHERE repository_id"] = "the same",
        ["SELECT c.id, c.size FROM ( SELECT content_id FROM manifest_references"] = "reads the references of one manifest, up to a limit",
        ["DELETE FROM event_endpoints"] = "has a row for each endpoint of the configuration",
        ["DELETE FROM event_lanes"] = "has sixteen",
        ["DELETE FROM event_deliveries"] = "has 2,048 at most",
        ["SELECT COUNT(*) FROM content WHERE state >= 1"] = "counts what there is, when a collection would remove many",
    };

    private readonly SqliteConnection _connection = new("Data Source=:memory:");

    public QueryPlanTests()
    {
        _connection.Open();
        SqliteSchema.Migrate(_connection, "registry.db");
        using var command = _connection.CreateCommand();
        command.CommandText = DatabaseScrub.CreateTable;
        command.ExecuteNonQuery();
    }

    public static TheoryData<string> Found => new(SourceTree.Files(Statements)
        .Where(file => !file.EndsWith("SqliteMigrations.cs", StringComparison.Ordinal))
        .SelectMany(file => StatementLiteral().Matches(string.Join('\n', SourceTree.Lines(file))))
        .Select(literal => Whitespace().Replace(literal.Groups["sql"].Value, " ").Trim())
        .Distinct());

    [Fact]
    public void All_statements_are_found()
    {
        var calls = SourceTree.Files(Statements).SelectMany(SourceTree.Lines).Count(line => Verb().IsMatch(line));
        Assert.InRange(Found.Count, 50, calls);
    }

    [Theory]
    [MemberData(nameof(Found))]
    public void No_statement_reads_a_whole_table_or_sorts(string sql)
    {
        var costly = Explain(sql).Where(step => FullScan().IsMatch(step) || step.Contains("TEMP B-TREE", StringComparison.Ordinal)).ToList();
        if (Allowed.Keys.Any(allowed => sql.StartsWith(allowed, StringComparison.Ordinal)))
        {
            Assert.NotEmpty(costly);
        }
        else
        {
            Assert.Empty(costly);
        }
    }

    // Not by position: one tag in a table of a million changes.
    [Fact]
    public void The_changes_of_a_tag_and_the_removals_of_a_manifest_have_an_index()
    {
        var ofTags = Found.Where(row => row.Data.Contains("FROM changes WHERE repository_id = @1 AND tag = @2", StringComparison.Ordinal)).ToList();
        var ofRemovals = Found.Where(row => row.Data.Contains("FROM changes WHERE repository_id = @1 AND digest = @2", StringComparison.Ordinal)).ToList();
        Assert.Equal((3, 1), (ofTags.Count, ofRemovals.Count));
        Assert.All(ofTags, row => Assert.StartsWith(
            "SEARCH changes USING INDEX changes_by_tag (repository_id=? AND tag=?", Assert.Single(Explain(row.Data)), StringComparison.Ordinal));
        Assert.All(ofRemovals, row => Assert.Equal(
            "SEARCH changes USING INDEX changes_of_removals (repository_id=? AND digest=?)", Assert.Single(Explain(row.Data))));
    }

    public void Dispose() => _connection.Dispose();

    private List<string> Explain(string sql)
    {
        using var command = _connection.CreateCommand();
#pragma warning disable CA2100 // A constant of the product.
        command.CommandText = $"EXPLAIN QUERY PLAN {sql}";
#pragma warning restore CA2100
        foreach (var name in Parameter().Matches(sql).Select(match => match.Value).Distinct())
        {
            command.Parameters.AddWithValue(name, DBNull.Value);
        }

        using var reader = command.ExecuteReader();
        var steps = new List<string>();
        while (reader.Read())
        {
            steps.Add(Convert.ToString(reader["detail"], CultureInfo.InvariantCulture)!);
        }

        return steps;
    }

    [GeneratedRegex("""
        \"{3}\s*(?<sql>(?:SELECT|INSERT|UPDATE|DELETE)\b.*?)\"{3}|(?<!")"(?<sql>(?:SELECT|INSERT|UPDATE|DELETE) [^"\n]*)"
        """, RegexOptions.Singleline)]
    private static partial Regex StatementLiteral();

    [GeneratedRegex(@"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM) ")]
    private static partial Regex Verb();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();

    [GeneratedRegex(@"@\d+")]
    private static partial Regex Parameter();

    // A virtual table (json_each) is a list of the caller.
    [GeneratedRegex(@"^SCAN (?!CONSTANT ROW|\w+ VIRTUAL TABLE)")]
    private static partial Regex FullScan();
}
