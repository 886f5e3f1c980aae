using System.Globalization;
using Registry.Testing.Processes;
using Registry.Torture.Nodes;
using Registry.Torture.Nodes.Clients;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Nodes of two versions side by side on one PostgreSQL and S3, under a mixed load: they are replaced one by one, by the newer version and back. Nothing that was
/// acknowledged is lost or answered wrongly, and no step of the schema is taken that a running node cannot follow.
/// </summary>
public sealed class Versions : IScenario
{
    private const string OtherVariable = "REGISTRY_OTHER_PROGRAM";
    private const int MaxSteps = 4;
    private const int MinPause = 500;
    private const int MaxPause = 4000;

    public string Name => "versions";

    public string Rows => "48";

    public string Subject => $"nodes of two versions on one PostgreSQL and S3, replaced one by one and back: {RegistryProcess.ProgramVariable} and {OtherVariable}";

    public IReadOnlyList<(string Program, string Package)> Needs => NodeCluster.Needs;

    private static string?[] Programs => [Environment.GetEnvironmentVariable(RegistryProcess.ProgramVariable), Environment.GetEnvironmentVariable(OtherVariable)];

    public string? FindMissing(TortureRun run) => Programs.All(File.Exists)
        ? null
        : $"{RegistryProcess.ProgramVariable} and {OtherVariable} do not name two published programs, one of each version";

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        await using var stores = await NodeStores.StartAsync();
        var reports = new List<(string Program, SchemaReport Schema)>();
        foreach (var program in Programs)
        {
            reports.Add((program!, await SchemaReport.ReadAsync(program!, stores.Settings)));
        }

        // Of two programs that know the same schema, the other one counts as the older.
        var (older, newer) = reports[0].Schema.Known < reports[1].Schema.Known ? (reports[0], reports[1]) : (reports[1], reports[0]);
        await using var cluster = await NodeCluster.StartAsync(stores, NodesLoad.Settings, older.Program);
        using var load = new NodesLoad(cluster, run);
        var replacement = new Replacement(cluster, older.Program, newer.Program);
        var rounds = run is { Limit: not null, Count: null } ? int.MaxValue : run.Rounds(40, 2);
        var round = 0;
        for (; round < rounds && !run.IsOver; round++)
        {
            var random = run.Random(10_000 + round);
            try
            {
                await load.RunAsync(round, working => ReplaceAsync(replacement, random, working));
            }
            catch (Exception e) when (e is ViolationException or TimeoutException)
            {
                throw new ViolationException($"round {round}: {e.Message}\n{replacement}\n{await cluster.DescribeAsync()}");
            }

            run.Report($"{Name}: {round + 1} rounds, {replacement}; {load.Progress}");
        }

        await load.VerifyAsync();
        return string.Create(
            CultureInfo.InvariantCulture, $"{round} rounds, schema {older.Schema.Known} and {newer.Schema.Known}: {replacement}; {load}");
    }

    private static async Task ReplaceAsync(Replacement replacement, Random random, Task load)
    {
        for (var steps = random.Next(1, MaxSteps + 1); steps > 0; steps--)
        {
            await NodesLoad.PauseAsync(TimeSpan.FromMilliseconds(random.Next(MinPause, MaxPause)), load);
            await replacement.StepAsync(random);
        }

        await NodesLoad.PauseAsync(TimeSpan.FromMilliseconds(random.Next(MinPause, MaxPause)), load);
    }
}
