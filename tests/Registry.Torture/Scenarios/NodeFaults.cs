using System.Diagnostics;
using System.Globalization;
using Registry.Testing;
using Registry.Torture.Load;
using Registry.Torture.Nodes;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Three nodes behind nginx, on PostgreSQL and S3, under a mixed load: nodes are killed, stopped and frozen, PostgreSQL restarts and loses connections, and the bucket
/// fails. What was acknowledged is there, on whatever node, no torn blob is served, and no node answers with an error of its own. One tag is moved from all nodes by
/// compare-and-swap meanwhile.
/// </summary>
public sealed class NodeFaults : IScenario
{
    private const int Workers = 8;
    private const int Racers = 3;
    private const int SharedLayers = 6;
    private const int LargeAtOnce = 2;
    private const int MinPause = 100;
    private const int MaxPause = 1200;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan MaxFreeze = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxFreezeInShortForm = TimeSpan.FromSeconds(4);

    // The circuit of the bucket pauses for 5 s, and a node that was frozen has a lot to do; on a busy machine.
    private static readonly TimeSpan MaxRecovery = TimeSpan.FromSeconds(30);

    // What has begun when the faults end: an upload may still wait for 15 s for the lease of a node, and for 30 s for a bucket that was silent.
    private static readonly TimeSpan MaxEnd = TimeSpan.FromMinutes(4);

    // A cycle of the collector every 2 s; objects and expired uploads go soon, and everything that is stored is verified all the time.
    private static readonly Dictionary<string, string?> Settings = new()
    {
        ["REGISTRY_GC_GRACE"] = Text(Grace),
        ["REGISTRY_S3_DELETE_AFTER"] = Text(Grace),
        ["REGISTRY_UPLOAD_TIMEOUT"] = "60",
        ["REGISTRY_UPLOAD_CLEANUP_INTERVAL"] = "5",
        ["REGISTRY_VERIFY_PERIOD"] = "60",
        ["REGISTRY_VERIFY_RATE"] = "100",
    };

    public string Name => "nodes";

    public string Rows => "39–45";

    public string Subject => "three nodes on PostgreSQL and S3: kills, freezes, restarts of the database, cut connections, faults of the bucket";

    public IReadOnlyList<(string Program, string Package)> Needs => NodeCluster.Needs;

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var plan = FaultPlan.Draw(run.Random(-1), run.Rounds(1000, 10));
        await using var cluster = await NodeCluster.StartAsync(Settings);
        var (ledger, counts, race) = (new Ledger(), new FaultCounts(), new TagRace());
        var shared = Enumerable.Range(0, SharedLayers).Select(i => TestBlob.Random(20_000 << i)).ToList();
        using var large = new SemaphoreSlim(LargeAtOnce);
        var workers = Enumerable.Range(0, Workers).Select(i => new NodesWorker(i, shared, large, Grace)).ToList();
        var faults = new FaultInjector(cluster, run.IsShort ? MaxFreezeInShortForm : MaxFreeze);
        int made = 0, compared = 0, round = 0;
        var slowest = TimeSpan.Zero;
        for (; round < plan.Count && !run.IsOver; round++)
        {
            try
            {
                using var client = new NodesClient(cluster, ledger, run.Random(-2 - round), counts);
                await race.BeginAsync($"race{round}", client, ledger);
                using var stop = new CancellationTokenSource();
                var load = Start(run, round, workers, race, cluster, ledger, counts, stop.Token);
                made += await MakeAsync(plan[round], faults, run.Random(10_000 + round), load, () => run.IsOver);
                var recovery = await RecoverAsync(cluster);
                slowest = recovery > slowest ? recovery : slowest;
                await stop.CancelAsync();
                await load.WaitAsync(MaxEnd);
                cluster.Forget();
                compared += await CheckAsync(cluster, client, ledger, workers, race);
            }
            catch (Exception e) when (e is ViolationException or TimeoutException)
            {
                throw new ViolationException($"round {round} ({string.Join(' ', plan[round])}): {e.Message}\nThe last faults: {faults.Last}\n{await cluster.DescribeAsync()}");
            }

            run.Report($"{Name}: {round + 1} of {plan.Count} rounds, {made} faults, {workers.Sum(worker => worker.Acknowledged)} changes acknowledged, {counts}");
        }

        var (code, output) = await cluster.RunAsync("verify");
        if (code != 0)
        {
            throw new ViolationException($"the verification ended with {code}:\n{output}");
        }

        return $"{made} faults in {round} rounds ({faults.Counts}; {faults.Damaged} exchanges with the bucket damaged, {faults.LostCommits} answers to commits lost), "
            + $"{workers.Sum(worker => worker.Acknowledged)} changes acknowledged, {compared} answers compared at the ends of rounds, "
            + $"{workers.Sum(worker => worker.Pulls)} pulls and {workers.Sum(worker => worker.Large)} layers of several parts during faults, {counts}; "
            + $"{race.Acknowledged} moves of a tag, {race.MadeWithoutAnswer} without an answer, {race.Lost} lost, {race.Reads} reads, linearizable; "
            + string.Create(CultureInfo.InvariantCulture, $"ready again after {slowest.TotalSeconds:f1} s at most, {cluster.Nodes.Sum(node => node.Log.Errors)} lines of errors");
    }

    private static Task Start(
        TortureRun run, int round, List<NodesWorker> workers, TagRace race, NodeCluster cluster, Ledger ledger, FaultCounts counts, CancellationToken stop)
    {
        var working = workers.Select((worker, i) => Task.Run(
            () => worker.RunAsync(cluster, ledger, run.Random((round * 100) + i), counts, stop), CancellationToken.None));
        var racing = Enumerable.Range(Workers, Racers).Select(i => Task.Run(
            async () =>
            {
                var random = run.Random((round * 100) + i);
                using var client = new NodesClient(cluster, ledger, random, counts);
                await race.RunAsync(client, random, stop);
            },
            CancellationToken.None));
        return UntilAllEndAsync([.. working, .. racing]);
    }

    // Throws as soon as one fails.
    private static async Task UntilAllEndAsync(List<Task> tasks)
    {
        while (tasks.Count > 0)
        {
            var ended = await Task.WhenAny(tasks);
            await ended;
            tasks.Remove(ended);
        }
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

            await Task.WhenAny(load, Task.Delay(random.Next(MinPause, MaxPause)));
            if (load.IsCompleted)
            {
                await load;
            }

            await faults.MakeAsync(fault, random);
            made++;
        }

        await faults.SettleAsync();
        return made;
    }

    // Time until all nodes are ready after the last fault.
    private static async Task<TimeSpan> RecoverAsync(NodeCluster cluster)
    {
        var start = Stopwatch.GetTimestamp();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        foreach (var node in cluster.Nodes)
        {
            await node.WaitUntilReadyAsync(client, MaxRecovery);
        }

        return Stopwatch.GetElapsedTime(start);
    }

    private static async Task<int> CheckAsync(NodeCluster cluster, NodesClient client, Ledger ledger, List<NodesWorker> workers, TagRace race)
    {
        foreach (var worker in workers)
        {
            await worker.CheckPromiseAsync(client);
        }

        // What no manifest needs may be collected during the check. The manifests name all other blobs.
        foreach (var path in ledger.Paths.Where(path => path.Contains("/blobs/", StringComparison.Ordinal)))
        {
            ledger.Forget(path);
        }

        var compared = await client.Basic.CheckAsync();
        await race.CheckAsync(client);
        ledger.Trim();
        foreach (var node in cluster.Nodes)
        {
            node.Log.Check();
        }

        return compared;
    }

    private static string Text(TimeSpan time) => time.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}
