using Registry.Torture.Nodes;
using Registry.Torture.Nodes.Clients;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Three nodes behind nginx, on PostgreSQL and S3, under a mixed load: nodes are killed, stopped and frozen, PostgreSQL restarts and loses connections, and the bucket
/// fails. What was acknowledged is there, on whatever node, no torn blob is served, and no node answers with an error of its own. One tag is moved from all nodes by
/// compare-and-swap meanwhile.
/// </summary>
public sealed class NodeFaults : IScenario
{
    private const int MinPause = 100;
    private const int MaxPause = 1200;

    private static readonly TimeSpan MaxFreeze = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxFreezeInShortForm = TimeSpan.FromSeconds(4);

    public string Name => "nodes";

    public string Rows => "39–45";

    public string Subject => "three nodes on PostgreSQL and S3: kills, freezes, restarts of the database, cut connections, faults of the bucket";

    public IReadOnlyList<(string Program, string Package)> Needs => NodeCluster.Needs;

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var plan = FaultPlan.Draw(run.Random(-1), run.Rounds(1000, 10));
        await using var stores = await NodeStores.StartAsync();
        await using var cluster = await NodeCluster.StartAsync(stores, NodesLoad.Settings);
        using var load = new NodesLoad(cluster, run);
        var faults = new FaultInjector(cluster, run.IsShort ? MaxFreezeInShortForm : MaxFreeze);
        int made = 0, round = 0;
        for (; round < plan.Count && !run.IsOver; round++)
        {
            var current = round;
            try
            {
                await load.RunAsync(round, async working => made += await MakeAsync(plan[current], faults, run.Random(10_000 + current), working, () => run.IsOver));
            }
            catch (Exception e) when (e is ViolationException or TimeoutException)
            {
                throw new ViolationException($"round {round} ({string.Join(' ', plan[round])}): {e.Message}\nThe last faults: {faults.Last}\n{await cluster.DescribeAsync()}");
            }

            run.Report($"{Name}: {round + 1} of {plan.Count} rounds, {made} faults, {load.Progress}");
        }

        await load.VerifyAsync();
        return $"{made} faults in {round} rounds ({faults.Counts}; {faults.Damaged} exchanges with the bucket damaged, {faults.LostCommits} answers to commits lost), {load}";
    }

    // Ends early when the load has failed.
    private static async Task<int> MakeAsync(IReadOnlyList<NodeFault> plan, FaultInjector faults, Random random, Task load, Func<bool> isOver)
    {
        var made = 0;
        foreach (var fault in plan)
        {
            if (isOver())
            {
                break;
            }

            await NodesLoad.PauseAsync(TimeSpan.FromMilliseconds(random.Next(MinPause, MaxPause)), load);
            await faults.MakeAsync(fault, random);
            made++;
        }

        await faults.SettleAsync();
        return made;
    }
}
