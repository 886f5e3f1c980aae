using System.Diagnostics;
using System.Globalization;
using Registry.Testing;
using Registry.Testing.Engines;
using Registry.Testing.Processes;
using Registry.Torture.Faults;

namespace Registry.Torture.Nodes;

/// <summary>A node, with a proxy of its own before each store. It keeps its port.</summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    private const int SigContinue = 18;
    private const int SigStop = 19;
    private const int MaxStarts = 100;

    private static readonly TimeSpan MaxClockError = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan BetweenStarts = TimeSpan.FromMilliseconds(200);

    private readonly RegistryProcess _process;

    private ClusterNode(RegistryProcess process, FaultProxy bucket, PostgresProxy database, NodeLog log)
    {
        _process = process;
        (Bucket, Database, Log) = (bucket, database, log);
    }

    /// <summary>Address of the node.</summary>
    public Uri Address => _process.BaseAddress;

    /// <summary>Path of its published program; null for the usual one.</summary>
    public string? Published { get; private set; }

    /// <summary>Its way to the bucket.</summary>
    public FaultProxy Bucket { get; }

    /// <summary>Its way to the database.</summary>
    public PostgresProxy Database { get; }

    /// <summary>Its log.</summary>
    public NodeLog Log { get; }

    /// <summary>Its own faults: kills, stops, freezes.</summary>
    public FaultTimes Faults { get; } = new();

    /// <summary>True while it is frozen.</summary>
    public bool IsFrozen { get; private set; }

    /// <summary>Starts a node.</summary>
    /// <param name="folder">A folder that it does not use.</param>
    /// <param name="settings">Settings of all nodes.</param>
    /// <param name="ahead">Difference of its clock to that of the system; negative if it is behind.</param>
    /// <param name="stores">The stores.</param>
    /// <param name="published">The program; null for the usual one.</param>
    /// <exception cref="ViolationException">The server does not see its clock, so the run would test nothing.</exception>
    public static async Task<ClusterNode> StartAsync(
        string folder, IReadOnlyDictionary<string, string?> settings, TimeSpan ahead, NodeStores stores, string? published)
    {
        var database = stores.Postgres;
        var (toBucket, toDatabase) = (new FaultProxy(stores.Ceph.Endpoint), new PostgresProxy(database.Port));
        var log = new NodeLog();
        var own = new Dictionary<string, string?>(settings.Concat(FakedClock.Shift(ahead)))
        {
            ["REGISTRY_PORT"] = Text(FreePorts.Find(1)[0]),
            ["REGISTRY_S3_ENDPOINT"] = toBucket.Address.GetLeftPart(UriPartial.Authority),
            ["REGISTRY_POSTGRES"] = database.ConnectionString.Replace($"Port={Text(database.Port)}", $"Port={Text(toDatabase.Port)}", StringComparison.Ordinal),
        };
        var process = await RegistryProcess.StartAsync(folder, own, onLine: log.Observe, published: published);
        var node = new ClusterNode(process, toBucket, toDatabase, log) { Published = published };
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = node.Address };
        var seen = DateTimeOffset.Parse((await client.GetAnswerAsync("/v2/"))["Date"]!, CultureInfo.InvariantCulture) - DateTimeOffset.UtcNow;
        return (seen - ahead).Duration() < MaxClockError ? node : throw new ViolationException($"the clock of a node is {seen} ahead, and should be {ahead}");
    }

    /// <summary>Kills the process.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Stops the process.</summary>
    /// <exception cref="ViolationException">The exit code is not 0.</exception>
    public async Task StopAsync()
    {
        if (await _process.StopAsync() is not 0 and var code)
        {
            throw new ViolationException($"a node stopped with the exit code {code}:\n{_process.Output}");
        }
    }

    /// <summary>Replaces the program: the next start is that of another one.</summary>
    /// <param name="published">Path of a published program.</param>
    public void Replace(string published)
    {
        _process.Replace(published);
        Published = published;
    }

    /// <summary>Starts the process again, as often as a supervisor does: without a store that works, it ends.</summary>
    /// <returns>Number of starts.</returns>
    /// <exception cref="ViolationException">It does not start.</exception>
    public async Task<int> StartAgainAsync()
    {
        for (var start = 1; ; start++)
        {
            try
            {
                await _process.StartAgainAsync();
                return start;
            }
            catch (InvalidOperationException e)
            {
                if (start == MaxStarts)
                {
                    throw new ViolationException($"a node did not start {MaxStarts} times: {e.Message}");
                }

                await Task.Delay(BetweenStarts);
            }
        }
    }

    /// <summary>Starts the process, and kills it a moment later.</summary>
    public async Task KillWhileStartingAsync(TimeSpan after)
    {
        using var kill = new CancellationTokenSource(after);
        try
        {
            await _process.StartAgainAsync(kill.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidOperationException)
        {
            // Not up yet, or without a store that works.
        }

        _process.Kill();
    }

    /// <summary>Stops the process from running for some time.</summary>
    public async Task FreezeAsync(TimeSpan time)
    {
        Faults.Begin();
        IsFrozen = true;
        _process.Signal(SigStop);
        try
        {
            await Task.Delay(time);
        }
        finally
        {
            _process.Signal(SigContinue);
            IsFrozen = false;
            Faults.End();
        }
    }

    /// <summary>Waits until the node says that it is ready.</summary>
    public async Task WaitUntilReadyAsync(HttpClient client, TimeSpan limit)
    {
        var start = Stopwatch.GetTimestamp();
        Answer? last = null;
        while (Stopwatch.GetElapsedTime(start) < limit)
        {
            last = await client.GetAnswerAsync(new Uri(Address, "/readyz").AbsoluteUri);
            if (last.Status == 200)
            {
                return;
            }

            await Task.Delay(BetweenStarts);
        }

        throw new ViolationException($"{Address} is not ready {limit.TotalSeconds} s after the last fault: {last}");
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await Bucket.DisposeAsync();
        await Database.DisposeAsync();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
