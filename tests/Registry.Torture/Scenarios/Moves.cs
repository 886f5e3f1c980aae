using System.Diagnostics;
using System.Globalization;
using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Load;
using Registry.Torture.Migration;
using Registry.Torture.Nodes;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Moves a registry from a data folder to PostgreSQL and S3, and back to another data folder, while clients push, delete and pull. The process of the move is killed at
/// random moments, also during the last pass. Everything that was acknowledged is at the new place, and the old one does not start any more.
/// </summary>
public sealed class Moves : IScenario
{
    private const int Workers = 4;

    // Two folders and the bucket, with what is pushed meanwhile.
    private const double Copies = 3.2;
    private const long LeastDisk = 1L << 30;
    private const long LeastBucket = 8L << 30;

    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Age = 1.5 * Grace;

    // Three cycles of the collector, and half of an answer's promise.
    private static readonly TimeSpan Cycles = TimeSpan.FromSeconds(15);

    // Nothing is collected at the source during a pass. So that the disk does not fill, and that it is not more than half of a small registry afterwards, which the collector
    // would not remove by itself.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1500);

    private static readonly Dictionary<string, string?> OfFolder = new() { ["REGISTRY_GC_GRACE"] = Text(Grace), ["REGISTRY_TRASH"] = "5" };
    private static readonly Dictionary<string, string?> OfNodes = new(OfFolder) { ["REGISTRY_S3_DELETE_AFTER"] = Text(Grace) };

    public string Name => "moves";

    public string Rows => "47";

    public string Subject => "registry migrate from a data folder to PostgreSQL and S3, and back, under load, with kills of the command";

    public IReadOnlyList<(string Program, string Package)> Needs => NodeCluster.Needs;

    public string? FindMissing(TortureRun run)
    {
        var manifests = CountOf(run);
        var needed = LeastDisk + (long)(Copies * Filling.BytesOf(manifests));
        var free = new DriveInfo(Path.GetTempPath()).AvailableFreeSpace;
        return free >= needed
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{manifests} manifests ({Gigabytes(Filling.BytesOf(manifests))}) need {Gigabytes(needed)} of disk in {Path.GetTempPath()}, where {Gigabytes(free)} are free; take fewer with --count, or another disk with TMPDIR");
    }

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var manifests = CountOf(run);
        using var folder = new TemporaryFolder("moves");
        await using var stores = await NodeStores.StartAsync(LeastBucket + (2 * Filling.BytesOf(manifests)));
        var nodesFile = folder.File("nodes.env");
        await File.WriteAllLinesAsync(nodesFile, stores.Settings.Concat(OfNodes).Select(setting => $"{setting.Key}={setting.Value}"));
        var (before, after) = (folder.Folder("before"), folder.Folder("after"));
        var ledger = new Ledger();
        var load = new MixedLoad(ledger, Workers, pause: Pause);
        var there = new KilledMove($"--to {nodesFile}", before, OfFolder, manifests, Age, run.Random(-1));
        var back = new KilledMove($"--from {nodesFile}", after, OfFolder, manifests, Age, run.Random(-2));
        int compared = 0, promised = 0;

        await using (var source = await RegistryProcess.StartAsync(before, OfFolder))
        {
            await Filling.RunAsync(source.BaseAddress, ledger, manifests, run);
            run.Report($"{Name}: {manifests} manifests are in a data folder");
            await CopyAsync(there, source.BaseAddress, load, ledger, run, round: 0);
            await source.StopAsync();
            await there.FinishAsync();
        }

        var movedAt = Stopwatch.GetTimestamp();
        await using (var nodes = await NodeCluster.StartAsync(stores, OfNodes))
        {
            await RefusesAsync(() => RegistryProcess.StartAsync(before, OfFolder));
            (compared, promised) = await CheckAsync(nodes.Balancer, load, ledger, movedAt);
            run.Report($"{Name}: moved to PostgreSQL and S3, {Describe(there)}; {compared} answers compared");
            await CopyAsync(back, nodes.Balancer, load, ledger, run, round: 1);
            foreach (var node in nodes.Nodes)
            {
                await node.StopAsync();
                node.Log.Check();
            }

            await back.FinishAsync();
        }

        movedAt = Stopwatch.GetTimestamp();
        await using (var target = await RegistryProcess.StartAsync(after, OfFolder))
        {
            await RefusesAsync(() => RegistryProcess.StartAsync(before, stores.Settings));
            var (more, kept) = await CheckAsync(target.BaseAddress, load, ledger, movedAt);
            (compared, promised) = (compared + more, promised + kept);
            await target.StopAsync();
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{manifests} manifests ({Gigabytes(Filling.BytesOf(manifests))}) to PostgreSQL and S3 ({Describe(there)}) and back ({Describe(back)}), {load.Acknowledged} changes acknowledged meanwhile, "
            + $"{compared} answers compared, {promised} of 2 times promised blobs, {BlobFolder.Check(after)} files hashed");
    }

    private static int CountOf(TortureRun run) => run.Rounds(20_000, 60);

    // Makes the passes while clients work, and leaves only what the target must have.
    private static async Task CopyAsync(KilledMove move, Uri source, MixedLoad load, Ledger ledger, TortureRun run, int round)
    {
        using var stop = new CancellationTokenSource();
        var working = load.RunAsync(source, _ => false, run, round, stop.Token);
        try
        {
            await move.CopyAsync();
        }
        finally
        {
            await stop.CancelAsync();
            await working;
        }

        // Uploads in progress are not moved.
        using var client = new LedgerClient(source, ledger);
        await load.ResumeAsync(client, mayBeGone: false);
        await load.RenewPromisesAsync(client);
        ledger.ForgetBlobs();
    }

    // Number of answers, and 1 if the promises were judged.
    private static async Task<(int Compared, int Promised)> CheckAsync(Uri target, MixedLoad load, Ledger ledger, long movedAt)
    {
        using var client = new LedgerClient(target, ledger);
        await Task.Delay(Cycles);

        // The answers at the source have promised the blobs for half of the grace period, in which the registry runs. On a busy machine, it may be over.
        var isPromised = Stopwatch.GetElapsedTime(movedAt) < Grace / 2;
        if (isPromised)
        {
            await load.RequirePromisesAsync(client);
        }

        var compared = await client.CheckAsync();
        await client.CheckCatalogAsync();
        ledger.ForgetBlobs();
        ledger.Trim();
        return (compared, isPromised ? 1 : 0);
    }

    private static async Task RefusesAsync(Func<Task<RegistryProcess>> start)
    {
        try
        {
            await using var second = await start();
        }
        catch (InvalidOperationException e) when (e.Message.Contains("was moved to ", StringComparison.Ordinal))
        {
            return;
        }

        throw new ViolationException("the registry starts at the place from which it was moved");
    }

    private static string Describe(KilledMove move) => string.Create(
        CultureInfo.InvariantCulture,
        $"{move.Passes} passes, the last one of {move.LastPass.TotalSeconds:f1} s, {move.Kills} kills, {move.KillsDuringLast} of them during the last one");

    private static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:f1} GB");

    private static string Text(TimeSpan time) => time.TotalSeconds.ToString(CultureInfo.InvariantCulture);
}
