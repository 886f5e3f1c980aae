using System.Globalization;
using System.Text.RegularExpressions;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Torture.Nodes;

/// <summary>What <c>registry schema status</c> has printed.</summary>
/// <param name="Version">Version of the schema; 0 if there is none yet.</param>
/// <param name="Oldest">The oldest version whose programs can use it; 0 if there is none yet.</param>
/// <param name="Known">The version that the program knows.</param>
/// <param name="Nodes">Versions that the running nodes know, each with their number.</param>
internal sealed partial record SchemaReport(long Version, long Oldest, long Known, IReadOnlyDictionary<long, long> Nodes)
{
    /// <summary>Runs the command.</summary>
    /// <param name="program">Path of a published program.</param>
    /// <param name="settings">Settings of the nodes.</param>
    /// <exception cref="ViolationException">It has failed, or its output is not understood.</exception>
    public static async Task<SchemaReport> ReadAsync(string program, IReadOnlyDictionary<string, string?> settings)
    {
        await using var process = RegistryProcess.Launch("schema status", Path.GetTempPath(), settings, program);
        var code = await process.WaitForExitAsync(Patience.Limit);
        var known = Program().Match(process.Output);
        if (code != 0 || !known.Success)
        {
            throw new ViolationException($"{process.CommandLine} has ended with {code}:\n{process.Output}");
        }

        return new SchemaReport(
            NumberOf(Schema().Match(process.Output).Groups[1]),
            NumberOf(Usable().Match(process.Output).Groups[1]),
            NumberOf(known.Groups[1]),
            Running().Matches(process.Output).ToDictionary(node => NumberOf(node.Groups[2]), node => NumberOf(node.Groups[1])));
    }

    /// <summary>Requires that all running nodes, and the program itself, can use the database.</summary>
    /// <param name="nodes">Number of nodes that run at least. One that was killed counts for a time.</param>
    /// <exception cref="ViolationException">One of them cannot, or too few are listed.</exception>
    public void Check(int nodes)
    {
        if (Known < Oldest || Nodes.Keys.Any(version => version < Oldest) || Nodes.Values.Sum() < nodes)
        {
            throw new ViolationException($"{nodes} nodes run, and registry schema status says: {this}");
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"schema {Version}, usable from {Oldest}, program knows {Known}, nodes: {string.Join(", ", Nodes.Select(node => $"{node.Value} of {node.Key}"))}");

    private static long NumberOf(Group group) => group.Success ? long.Parse(group.Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^The schema of .* is (\d+)\.$", RegexOptions.Multiline)]
    private static partial Regex Schema();

    [GeneratedRegex(@"^Programs that know schema (\d+) or newer", RegexOptions.Multiline)]
    private static partial Regex Usable();

    [GeneratedRegex(@"^This program knows schema (\d+)", RegexOptions.Multiline)]
    private static partial Regex Program();

    [GeneratedRegex(@"^(\d+) nodes? runs? that knows? schema (\d+)\.$", RegexOptions.Multiline)]
    private static partial Regex Running();
}
