using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;

namespace Registry.Storage.Postgres.Tests.Plans;

/// <summary>How PostgreSQL would run a statement.</summary>
/// <param name="Json">The plan as PostgreSQL writes it.</param>
/// <param name="Costly">
/// Steps that read all rows of a table, all entries of an index, or all entries for a part of the key; and sorts of all rows of which a page is returned.
/// </param>
internal sealed partial record Plan(string Json, IReadOnlyList<string> Costly)
{
    // Types of a parameter that PostgreSQL cannot derive from the statement: the elements of unnest.
    private static readonly string[] Lists = ["text[]", "bigint[]"];

    // What a step does with the rows of the step below before it returns the first one. Others pass rows on as they come, so a limit above ends the reading.
    private static readonly HashSet<string> Blocking = ["Sort", "Aggregate", "Hash", "WindowAgg", "SetOp", "ModifyTable", "BitmapAnd", "BitmapOr", "Bitmap Heap Scan"];

    /// <summary>Asks for the plan that counts for all arguments.</summary>
    /// <param name="connection">A connection of its own.</param>
    /// <param name="sql">The statement.</param>
    /// <param name="large">Tables that count.</param>
    public static async Task<Plan> ReadAsync(NpgsqlConnection connection, string sql, IReadOnlySet<string> large)
    {
        await RunAsync(connection, "SET plan_cache_mode = force_generic_plan");
        var count = Parameters.Matches(sql).Select(match => int.Parse(match.Groups[1].Value, null)).DefaultIfEmpty(0).Max();
        await PrepareAsync(connection, sql, count);
        var arguments = count == 0 ? string.Empty : $"({string.Join(", ", Enumerable.Repeat("NULL", count))})";
        var json = (string)(await RunAsync(connection, $"EXPLAIN (FORMAT JSON) EXECUTE statement{arguments}"))!;
        var costly = new List<string>();
        using var plan = JsonDocument.Parse(json);
        Collect(plan.RootElement[0].GetProperty("Plan"), isLimited: false, large, costly);
        return new Plan(json, costly);
    }

    private static async Task PrepareAsync(NpgsqlConnection connection, string sql, int count)
    {
        string[] types = [.. Enumerable.Repeat("unknown", count)];
        int[] unclear = [.. Enumerable.Range(0, count).Where(n => Regex.IsMatch(sql, $@"unnest\([^)]*\${n + 1}\b"))];
        for (var choice = 0; ; choice++)
        {
            var left = choice;
            foreach (var parameter in unclear)
            {
                types[parameter] = Lists[left % Lists.Length];
                left /= Lists.Length;
            }

            try
            {
                await RunAsync(connection, $"PREPARE statement{(count == 0 ? string.Empty : $"({string.Join(", ", types)})")} AS {sql}");
                return;
            }
            catch (PostgresException) when (choice + 1 < Math.Pow(Lists.Length, unclear.Length))
            {
                // The next types.
            }
        }
    }

    private static void Collect(JsonElement step, bool isLimited, IReadOnlySet<string> large, List<string> costly)
    {
        var type = step.GetProperty("Node Type").GetString()!;
        var index = Text(step, "Index Name");
        var table = Text(step, "Relation Name");
        var isAll = type switch
        {
            "Seq Scan" or "Parallel Seq Scan" => true,
            "Index Scan" or "Index Only Scan" or "Bitmap Index Scan" => !isLimited && !step.TryGetProperty("Index Cond", out _),
            _ => false,
        };
        if (isAll && (table.Length == 0 || large.Contains(table)))
        {
            costly.Add($"{type} {table} {index}".Trim());
        }

        if (isLimited && type.EndsWith("Sort", StringComparison.Ordinal) && Tables(step).Any(large.Contains))
        {
            costly.Add($"{type} by {string.Join(", ", step.GetProperty("Sort Key").EnumerateArray())}");
        }

        if (large.Contains(table) && Skewed.IsMatch(Text(step, "Filter")))
        {
            costly.Add($"{type} {table} {index} and then {Text(step, "Filter")}");
        }

        if (!step.TryGetProperty("Plans", out var below))
        {
            return;
        }

        foreach (var one in below.EnumerateArray())
        {
            var parent = Text(one, "Parent Relationship");
            Collect(one, parent is "Outer" or "Member" && (type == "Limit" || (isLimited && !Blocking.Contains(type))), large, costly);
        }
    }

    private static IEnumerable<string> Tables(JsonElement step) => step.TryGetProperty("Plans", out var below)
        ? below.EnumerateArray().SelectMany(Tables).Append(Text(step, "Relation Name"))
        : [Text(step, "Relation Name")];

    private static string Text(JsonElement step, string name) => step.TryGetProperty(name, out var value) ? value.GetString()! : string.Empty;

    private static async Task<object?> RunAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Constants of the product.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }

    // PostgreSQL plans for an average. So it finds what has a repository in its key among the entries of the other part, of which a layer that all repositories
    // have makes many, and the tags of a name among all those of a repository.
    [GeneratedRegex(@"\((?:repository_id|digest|name|tag) = ")]
    private static partial Regex Skewed { get; }

    [GeneratedRegex(@"\$(\d+)")]
    private static partial Regex Parameters { get; }
}
