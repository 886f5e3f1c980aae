using System.Diagnostics;
using System.Globalization;
using Registry.Testing;
using Registry.Torture.Load;

namespace Registry.Torture.Nodes.Clients;

/// <summary>Workers and racers on the nodes of a cluster, in rounds, with one ledger. After each round, everything that they were told is checked.</summary>
internal sealed class NodesLoad : IDisposable
{
    private const int Workers = 8;
    private const int Racers = 3;
    private const int SharedLayers = 6;
    private const int LargeAtOnce = 2;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    // The circuit of the bucket pauses for 5 s, and a node that was frozen has a lot to do; on a busy machine.
    private static readonly TimeSpan MaxRecovery = TimeSpan.FromSeconds(30);

    // What has begun when the faults end: an upload may still wait for 15 s for the lease of a node, and for 30 s for a bucket that was silent.
    private static readonly TimeSpan MaxEnd = TimeSpan.FromMinutes(4);

    private readonly NodeCluster _cluster;
    private readonly TortureRun _run;
    private readonly Ledger _ledger = new();
    private readonly FaultCounts _counts = new();
    private readonly TagRace _race = new();
    private readonly SemaphoreSlim _large = new(LargeAtOnce);
    private readonly List<NodesWorker> _workers;
    private int _compared;
    private TimeSpan _slowest;

    public NodesLoad(NodeCluster cluster, TortureRun run)
    {
        (_cluster, _run) = (cluster, run);
        var shared = Enumerable.Range(0, SharedLayers).Select(i => TestBlob.Random(20_000 << i)).ToList();
        _workers = [.. Enumerable.Range(0, Workers).Select(i => new NodesWorker(i, shared, _large, Grace))];
    }

    /// <summary>
    /// Settings of the nodes: a cycle of the collector every 2 s; objects and expired uploads go soon, and everything that is stored is verified all the time.
    /// </summary>
    public static IReadOnlyDictionary<string, string?> Settings { get; } = new Dictionary<string, string?>
    {
        ["REGISTRY_GC_GRACE"] = Text(Grace),
        ["REGISTRY_TRASH"] = "5",
        ["REGISTRY_S3_DELETE_AFTER"] = Text(Grace),
        ["REGISTRY_UPLOAD_TIMEOUT"] = "60",
        ["REGISTRY_UPLOAD_CLEANUP_INTERVAL"] = "5",
        ["REGISTRY_VERIFY_PERIOD"] = "60",
        ["REGISTRY_VERIFY_RATE"] = "100",
    };

    /// <summary>Number of acknowledged changes, and what was met, for a line of progress.</summary>
    public string Progress => $"{Acknowledged} changes acknowledged, {_counts}";

    private int Acknowledged => _workers.Sum(worker => worker.Acknowledged);

    /// <summary>Makes a round: works while faults are made, until all nodes are ready again, and checks everything.</summary>
    /// <param name="round">Its number.</param>
    /// <param name="fault">Makes the faults. It ends early, with the failure, when the load that it is given has failed.</param>
    /// <exception cref="ViolationException">A promise was not kept.</exception>
    /// <exception cref="TimeoutException">A client has not ended.</exception>
    public async Task RunAsync(int round, Func<Task, Task> fault)
    {
        using var client = new NodesClient(_cluster, _ledger, _run.Random(-2 - round), _counts);
        await _race.BeginAsync($"race{round}", client, _ledger);
        using var stop = new CancellationTokenSource();
        var load = Start(round, stop.Token);
        await fault(load);
        await RecoverAsync();
        await stop.CancelAsync();
        await load.WaitAsync(MaxEnd);
        _cluster.Forget();
        await CheckAsync(client);
    }

    /// <summary>Waits for a time, or until the load fails.</summary>
    public static async Task PauseAsync(TimeSpan time, Task load)
    {
        await Task.WhenAny(load, Task.Delay(time));
        if (load.IsCompleted)
        {
            await load;
        }
    }

    /// <summary>Waits until all have ended. Throws as soon as one fails.</summary>
    public static async Task UntilAllEndAsync(List<Task> tasks)
    {
        while (tasks.Count > 0)
        {
            var ended = await Task.WhenAny(tasks);
            await ended;
            tasks.Remove(ended);
        }
    }

    /// <summary>Verifies all stored content.</summary>
    /// <exception cref="ViolationException">Something is damaged or missing.</exception>
    public async Task VerifyAsync()
    {
        var (code, output) = await _cluster.RunAsync("verify");
        if (code != 0)
        {
            throw new ViolationException($"the verification ended with {code}:\n{output}");
        }
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Acknowledged} changes acknowledged, {_compared} answers compared at the ends of rounds, "
            + $"{_workers.Sum(worker => worker.Pulls)} pulls and {_workers.Sum(worker => worker.Large)} layers of several parts during faults, {_counts}; "
            + $"{_race.Acknowledged} moves of a tag, {_race.MadeWithoutAnswer} without an answer, {_race.Lost} lost, {_race.Reads} reads, linearizable; "
            + string.Create(CultureInfo.InvariantCulture, $"ready again after {_slowest.TotalSeconds:f1} s at most, {_cluster.Nodes.Sum(node => node.Log.Errors)} lines of errors");

    public void Dispose() => _large.Dispose();

    private Task Start(int round, CancellationToken stop)
    {
        var working = _workers.Select((worker, i) => Task.Run(
            () => worker.RunAsync(_cluster, _ledger, _run.Random((round * 100) + i), _counts, stop), CancellationToken.None));
        var racing = Enumerable.Range(Workers, Racers).Select(i => Task.Run(
            async () =>
            {
                var random = _run.Random((round * 100) + i);
                using var client = new NodesClient(_cluster, _ledger, random, _counts);
                await _race.RunAsync(client, random, stop);
            },
            CancellationToken.None));
        return UntilAllEndAsync([.. working, .. racing]);
    }

    private async Task RecoverAsync()
    {
        var start = Stopwatch.GetTimestamp();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        foreach (var node in _cluster.Nodes)
        {
            await node.WaitUntilReadyAsync(client, MaxRecovery);
        }

        var recovery = Stopwatch.GetElapsedTime(start);
        _slowest = recovery > _slowest ? recovery : _slowest;
    }

    private async Task CheckAsync(NodesClient client)
    {
        foreach (var worker in _workers)
        {
            await worker.CheckPromiseAsync(client);
        }

        _ledger.ForgetBlobs();
        _compared += await client.Basic.CheckAsync();
        await _race.CheckAsync(client);
        _ledger.Trim();
        foreach (var node in _cluster.Nodes)
        {
            node.Log.Check();
        }
    }

    private static string Text(TimeSpan time) => time.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}
