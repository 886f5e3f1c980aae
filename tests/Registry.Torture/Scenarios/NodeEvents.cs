using Microsoft.AspNetCore.Http;
using Registry.Testing;
using Registry.Testing.Connections;
using Registry.Torture.Following;
using Registry.Torture.Nodes;
using Registry.Torture.Nodes.Clients;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Three nodes on PostgreSQL send events, while they are killed, stopped and frozen, the database restarts, and some pushes stay open in their commit for ten seconds, so that others commit before
/// them. One endpoint fails now and then, another one is dead. Afterwards both have got what was acknowledged, nothing that was not pushed, in order, and each id for one change.
/// </summary>
public sealed class NodeEvents : IScenario
{
    private const int Writers = 6;
    private const int HeldWriters = 2;
    private const int MinPause = 100;
    private const int MaxPause = 2000;

    // What a push of this tag has changed is seen by no other for ten seconds.
    private const string HeldTag = "held";
    private const string HeldPushes =
        $"""
        CREATE FUNCTION stay_open() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(10); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER stays_open AFTER INSERT ON changes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.tag = '{HeldTag}') EXECUTE FUNCTION stay_open()
        """;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxFreeze = TimeSpan.FromSeconds(10);

    // Half of the faults are kills.
    private static readonly NodeFault[] Faults =
    [
        NodeFault.Kill, NodeFault.Stop, NodeFault.Kill, NodeFault.Freeze, NodeFault.Kill, NodeFault.PostgresRestart, NodeFault.Kill, NodeFault.PostgresCrash, NodeFault.Kill, NodeFault.Cut,
        NodeFault.Kill, NodeFault.LostCommit,
    ];

    public string Name => "node-events";

    public string Rows => "54";

    public string Subject => "events of three nodes on PostgreSQL: kills, freezes, restarts of the database, pushes that stay open for ten seconds";

    public IReadOnlyList<(string Program, string Package)> Needs => NodeCluster.Needs;

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var count = run.Rounds(200, Faults.Length);
        await using var flaky = await EventReceiver.StartAsync();
        await using var dead = await EventReceiver.StartAsync();
        var endpoints = new EventEndpoints(new EventLedger("flaky", flaky), new EventLedger("dead", dead));
        using var folder = new TemporaryFolder(Name);
        await endpoints.WriteAsync(folder.File("events.json"));
        await using var stores = await NodeStores.StartAsync();

        // Signatures have a time.
        await using var cluster = await NodeCluster.StartAsync(stores, new Dictionary<string, string?> { ["REGISTRY_EVENTS_CONFIG"] = folder.File("events.json") }, areClocksRight: true);
        await stores.Postgres.QueryAsync(HeldPushes);
        var counts = new FaultCounts();
        using var http = new HttpClient(new JudgingHandler(cluster, run.Random(-1), counts)) { BaseAddress = cluster.Balancer, Timeout = Timeout.InfiniteTimeSpan };
        await endpoints.BeginAsync(http);
        flaky.Instead = context => FailAsync(context, Random.Shared.Next(10) == 0);
        dead.Instead = context => FailAsync(context, isFault: true);

        List<TagWriter> held = [.. Enumerable.Range(0, HeldWriters).Select(number => new TagWriter($"torture/held{number}", HeldTag))];
        List<TagWriter> writers = [.. Enumerable.Range(0, Writers).Select(number => new TagWriter($"torture/events{number}")), .. held];
        var faults = new FaultInjector(cluster, MaxFreeze);

        // A push that stays open, also of a node that was killed, holds up those of the same repository for longer than they wait.
        cluster.DatabaseFaults.Begin();
        using var stop = new CancellationTokenSource();
        var writing = NodesLoad.UntilAllEndAsync(
            [.. writers.Select(writer => writer.WriteThroughAsync(http, Pause, e => e is TimeoutException || e.IsLostConnection(), stop.Token))]);
        var made = 0;
        try
        {
            for (var random = run.Random(0); made < count && !run.IsOver; made++)
            {
                await NodesLoad.PauseAsync(TimeSpan.FromMilliseconds(random.Next(MinPause, MaxPause)), writing);
                await faults.MakeAsync(Faults[made % Faults.Length], random);
                run.Report($"{Name}: {made + 1} of {count} faults, {writers.Sum(writer => writer.Acknowledged.Count)} tags set, {flaky.Events.Count} events, {counts}");
            }

            await faults.SettleAsync();
            await stop.CancelAsync();
            await writing;
            flaky.Instead = dead.Instead = null;
            var twice = await endpoints.CheckAsync(writers, kills: null);
            return $"{made} faults ({faults.Counts}), {writers.Sum(writer => writer.Acknowledged.Count)} tags set, {held.Sum(writer => writer.Acknowledged.Count)} of them in ten seconds, "
                + $"{flaky.Events.Count} and {dead.Events.Count} events in order, none lost or invented, {twice} twice; {counts}";
        }
        catch (ViolationException e)
        {
            throw new ViolationException($"after {made} faults: {e.Message}\nThe last faults: {faults.Last}\n{await cluster.DescribeAsync()}");
        }
    }

    private static Task<bool> FailAsync(HttpContext context, bool isFault)
    {
        if (isFault)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }

        return Task.FromResult(isFault);
    }
}
