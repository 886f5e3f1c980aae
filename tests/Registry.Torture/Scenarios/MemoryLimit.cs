using System.Globalization;
using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Faults;
using Registry.Torture.Load;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Runs a mixed load, with large blobs pushed and pulled beside it, on a server with 256 MiB: it survives, and keeps what it has acknowledged.
/// Without control groups, the heap has that limit, and the resident size is compared with it.
/// </summary>
public sealed class MemoryLimit : IScenario
{
    private const string Repository = "torture/large";
    private const int Workers = 6;
    private const int Large = 4;
    private const int LargeSize = 32 * 1024 * 1024;
    private const int LoadMilliseconds = 2000;
    private const long MaxBytes = 256 * 1024 * 1024;

    public string Name => "memory";

    public string Rows => "30";

    public string Subject => "a mixed load and large blobs within 256 MiB of memory";

    public IReadOnlyList<(string Program, string Package)> Needs => [];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var rounds = run.Rounds(100, 1);
        using var folder = new TemporaryFolder("memory");
        using var group = MemoryGroup.TryCreate(MaxBytes);
        var settings = new Dictionary<string, string?> { ["REGISTRY_GC_GRACE"] = "60", ["REGISTRY_TRASH"] = "10" };
        if (group is null)
        {
            settings[RegistryProcess.HeapLimitVariable] = RegistryProcess.HeapLimitWithin(MaxBytes);
        }

        await using var registry = await RegistryProcess.StartAsync(folder.Path, settings, group?.Launch);
        var ledger = new Ledger();
        var load = new MixedLoad(ledger, Workers);
        var blobs = Enumerable.Range(0, Large).Select(_ => TestBlob.Random(LargeSize)).ToList();
        int round = 0, compared = 0;
        long peak = 0;
        for (; round < rounds && !run.IsOver; round++)
        {
            await UseAsync(registry, ledger, load, blobs, run, round);
            if (registry.HasExited)
            {
                throw new ViolationException($"round {round}: the server has ended; when the kernel has killed it, it printed nothing:\n{registry.Output}");
            }

            peak = registry.PeakResidentBytes;
            if (peak > MaxBytes)
            {
                throw new ViolationException($"round {round}: the server has taken {peak} bytes of memory; {MaxBytes} are allowed");
            }

            using var client = new LedgerClient(registry.BaseAddress, ledger);
            await load.ResumeAsync(client, mayBeGone: false);
            compared += await client.CheckAsync();
            ledger.Trim();
        }

        await registry.StopAsync();
        var charged = group is null ? "no control group" : $"control group of {Megabytes(MaxBytes)}, at most {Megabytes(group.Peak ?? 0)} charged with page cache";
        return $"{round} rounds, {load.Acknowledged} changes acknowledged, {compared} answers compared, {round * Large} blobs of {Megabytes(LargeSize)} pushed and pulled; "
            + $"{charged}, at most {Megabytes(peak)} resident";
    }

    // Each large blob is pushed, and pulled twice at once.
    private static async Task UseAsync(RegistryProcess registry, Ledger ledger, MixedLoad load, List<TestBlob> blobs, TortureRun run, int round)
    {
        using var stop = new CancellationTokenSource();
        var clients = load.RunAsync(registry, run, round, stop.Token);
        try
        {
            await Task.WhenAll([Task.Delay(LoadMilliseconds), .. blobs.Select(async blob =>
            {
                using var client = new LedgerClient(registry.BaseAddress, ledger);
                await client.PushInPiecesAsync(Repository, blob);
                var path = LedgerClient.BlobPath(Repository, blob.Digest);
                await Task.WhenAll(client.CheckAsync(path), client.CheckAsync(path));
            })]);
        }
        catch (Exception e) when (registry.Explains(e))
        {
            // Reported by the caller.
        }

        await stop.CancelAsync();
        await clients;
    }

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024 / 1024} MiB");
}
