using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Faults;
using Registry.Torture.Load;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Cuts the power at random moments of a mixed load: unsynced data is gone, and acknowledged content exists. Uploads in progress may be shorter,
/// or gone.
/// </summary>
public sealed class PowerCuts : IScenario
{
    private const int Workers = 4;
    private const int MinLoadMilliseconds = 100;

    // Small content gets its files a second after its push.
    private const int MaxLoadMilliseconds = 4000;
    private const int DiskMegabytes = 300;

    // Deleted content is collected after two seconds in the trash and ten more of running time, and not while it is more than half of all, so it fills the disk.
    private const int CutsPerDisk = 10;

    private static readonly Dictionary<string, string?> Settings = new() { ["REGISTRY_GC_GRACE"] = "10", ["REGISTRY_TRASH"] = "2" };

    private readonly string _type;

    private PowerCuts(string type) => _type = type;

    public static PowerCuts Ext4 { get; } = new("ext4");

    public static PowerCuts Xfs { get; } = new("xfs");

    public string Name => $"power-{_type}";

    public string Rows => "2";

    public string Subject => $"the power fails at random moments of a mixed load, on {_type}";

    public IReadOnlyList<(string Program, string Package)> Needs => [($"mkfs.{_type}", _type == "xfs" ? "xfsprogs" : "e2fsprogs"), ("mount", "mount")];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var cuts = run.Rounds(200, 2);
        var total = new Counts();
        for (var cut = 0; cut < cuts && !run.IsOver; cut += CutsPerDisk)
        {
            total += await UseDiskAsync(run, cut, Math.Min(cut + CutsPerDisk, cuts));
            run.Report($"{Name}: {total.Cuts} of {cuts} cuts, {total.Acknowledged} changes acknowledged");
        }

        return $"{total.Cuts} cuts on {_type}, {total.Acknowledged} changes acknowledged, {total.Compared} answers and {total.Blobs} files compared, "
            + $"{total.Resumed} uploads resumed; {total.Late} changes acknowledged while the power failed, {total.LateLost} of them lost";
    }

    private async Task<Counts> UseDiskAsync(TortureRun run, int first, int end)
    {
        using var folder = new TemporaryFolder("power");
        await using var disk = await CuttableDisk.CreateAsync(folder.File("disk.img"), folder.Folder("disk"), _type, DiskMegabytes);
        var data = Path.Combine(disk.Path, "data");
        var ledger = new Ledger(MixedLoad.Promise);
        var load = new MixedLoad(ledger, Workers, mayFail: true);
        var counts = new Counts();
        for (var cut = first; cut < end && !run.IsOver; cut++)
        {
            await CutAsync(disk, data, ledger, load, run, cut);
            await disk.RecoverAsync();
            await using var again = await RegistryProcess.StartAsync(data, Settings);
            try
            {
                using var client = new LedgerClient(again.BaseAddress, ledger);
                await load.CheckPromisesAsync(client);
                counts += new Counts(
                    Cuts: 1, Compared: await client.CheckAsync(), Blobs: BlobFolder.Check(data), Resumed: await load.ResumeAsync(client, mayBeGone: true));
                ledger.Trim();
                await again.StopAsync();
            }
            catch (ViolationException e)
            {
                throw new ViolationException($"cut {cut}: {e.Message}\nThe server printed:\n{again.Output}");
            }
        }

        return counts with { Acknowledged = load.Acknowledged, Late = ledger.LateAnswers, LateLost = ledger.LateLost };
    }

    private static async Task CutAsync(CuttableDisk disk, string data, Ledger ledger, MixedLoad load, TortureRun run, int cut)
    {
        await using var registry = await RegistryProcess.StartAsync(data, Settings);
        try
        {
            var clients = load.RunAsync(registry, run, cut, CancellationToken.None);
            await Task.WhenAny(clients, Task.Delay(run.Random(-1 - cut).Next(MinLoadMilliseconds, MaxLoadMilliseconds)));
            ledger.IsPowerFailing = true;
            disk.Cut();

            // A client without an answer waits for the power; the server only seems to be alive.
            await Task.WhenAny(clients, Task.Delay(50));
            registry.Kill();
            await clients;
            ledger.IsPowerFailing = false;
        }
        catch (ViolationException e)
        {
            throw new ViolationException($"cut {cut}: {e.Message}\nThe server printed:\n{registry.Output}");
        }
    }

    private sealed record Counts(int Cuts = 0, int Acknowledged = 0, int Compared = 0, int Blobs = 0, int Resumed = 0, int Late = 0, int LateLost = 0)
    {
        public static Counts operator +(Counts one, Counts other) => new(
            one.Cuts + other.Cuts,
            one.Acknowledged + other.Acknowledged,
            one.Compared + other.Compared,
            one.Blobs + other.Blobs,
            one.Resumed + other.Resumed,
            one.Late + other.Late,
            one.LateLost + other.LateLost);
    }
}
