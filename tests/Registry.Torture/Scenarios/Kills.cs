using System.Diagnostics;
using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Load;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Kills the server at random moments of a mixed load, and now and then during its start, or stops it cleanly. Acknowledged content must exist
/// after the restart, and deleted content must not. The server's memory stays small meanwhile.
/// </summary>
public sealed class Kills : IScenario
{
    private const int Workers = 6;
    private const int MaxLoadMilliseconds = 400;

    // Small content gets its files a second after its push.
    private const int MaxLongLoadMilliseconds = 4000;
    private const int RoundsPerLongLoad = 5;
    private const int MaxStartMilliseconds = 400;
    private const long MaxResidentBytes = 256 * 1024 * 1024;

    // The grace period is longer than a round, so that nothing a manifest is about to need expires; a cycle of the collector every second. The trash expires during the rounds.
    private static readonly Dictionary<string, string?> Settings = new() { ["REGISTRY_GC_GRACE"] = "10", ["REGISTRY_TRASH"] = "3" };

    public string Name => "kills";

    public string Rows => "1, 8, 30";

    public string Subject => "SIGKILL at random moments of a mixed load, with uploads that continue afterwards; peak memory";

    public IReadOnlyList<(string Program, string Package)> Needs => [];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var rounds = run.Rounds(1000, 6);
        using var folder = new TemporaryFolder("kills");
        await using var registry = await RegistryProcess.StartAsync(folder.Path, Settings);
        var ledger = new Ledger(MixedLoad.Promise);
        var load = new MixedLoad(ledger, Workers);
        int compared = 0, resumed = 0, stops = 0;
        long peak = 0;
        var slowestStart = TimeSpan.Zero;
        var round = 0;
        for (; round < rounds && !run.IsOver; round++)
        {
            var random = run.Random(-1 - round);
            var isStop = round % 10 == 9;
            var milliseconds = random.Next(round % RoundsPerLongLoad == 0 ? MaxLongLoadMilliseconds : MaxLoadMilliseconds);
            try
            {
                peak = Math.Max(peak, await LoadAsync(registry, load, run, round, milliseconds, isStop));
                stops += isStop ? 1 : 0;
                if (random.Next(10) == 0)
                {
                    await KillWhileStartingAsync(registry, TimeSpan.FromMilliseconds(random.Next(MaxStartMilliseconds)));
                }

                var clock = Stopwatch.StartNew();
                await registry.StartAgainAsync();
                slowestStart = clock.Elapsed > slowestStart ? clock.Elapsed : slowestStart;
                using var client = new LedgerClient(registry.BaseAddress, ledger);
                await load.CheckPromisesAsync(client);
                compared += await client.CheckAsync();
                resumed += await load.ResumeAsync(client, mayBeGone: false);
                ledger.Trim();
            }
            catch (ViolationException e)
            {
                throw new ViolationException($"round {round}: {e.Message}\nThe server printed:\n{registry.Output}");
            }

            if (round % 50 == 49)
            {
                run.Report($"{Name}: {round + 1} of {rounds} rounds, {load.Acknowledged} changes acknowledged");
            }
        }

        await CheckTreeAsync(registry, ledger, folder.Path);
        return $"{round} rounds ({round - stops} kills, {stops} stops), {load.Acknowledged} changes acknowledged, {compared} answers compared, "
            + $"{resumed} uploads resumed, slowest start {slowestStart.TotalSeconds:f1} s, at most {peak / 1024 / 1024} MiB";
    }

    // Largest memory of the server.
    private static async Task<long> LoadAsync(RegistryProcess registry, MixedLoad load, TortureRun run, int round, int milliseconds, bool isStop)
    {
        using var stop = new CancellationTokenSource();
        var clients = load.RunAsync(registry, run, round, stop.Token);
        await Task.WhenAny(clients, Task.Delay(milliseconds));
        var peak = registry.PeakResidentBytes;
        if (isStop)
        {
            await stop.CancelAsync();
            await clients;
            await registry.StopAsync();
        }
        else
        {
            registry.Kill();
            await clients;
        }

        return peak <= MaxResidentBytes ? peak : throw new ViolationException($"the server has taken {peak} bytes of memory; {MaxResidentBytes} are allowed");
    }

    private static async Task KillWhileStartingAsync(RegistryProcess registry, TimeSpan after)
    {
        using var kill = new CancellationTokenSource(after);
        try
        {
            await registry.StartAgainAsync(kill.Token);
        }
        catch (OperationCanceledException)
        {
            // Not up yet.
        }

        registry.Kill();
    }

    // The files agree with the metadata: after a stop, indexing the tree gives what was acknowledged.
    private static async Task CheckTreeAsync(RegistryProcess registry, Ledger ledger, string folder)
    {
        await registry.StopAsync();
        BlobFolder.Check(folder);
        var (code, output) = await RegistryProcess.RunAsync("reindex", folder);
        if (code != 0)
        {
            throw new ViolationException($"the tree could not be indexed:\n{output}");
        }

        await registry.StartAgainAsync();
        using var client = new LedgerClient(registry.BaseAddress, ledger);
        await client.CheckAsync();
    }
}
