using Registry.Testing;
using Registry.Torture.Faults;
using Registry.Torture.Load;

namespace Registry.Torture.Scenarios;

/// <summary>
/// The power fails at random moments of a mixed load: what was not synced is gone, and what was acknowledged is there. Uploads in progress may be
/// shorter, or gone.
/// </summary>
public sealed class PowerCuts : IScenario
{
    private const int Workers = 4;
    private const int MinLoadMilliseconds = 100;
    private const int MaxLoadMilliseconds = 1500;
    private const int DiskMegabytes = 300;

    private static readonly Dictionary<string, string?> Settings = new() { ["REGISTRY_GC_GRACE"] = "10" };

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
        var cuts = run.Rounds(200, 3);
        using var folder = new TemporaryFolder("power");
        await using var disk = await CuttableDisk.CreateAsync(folder.File("disk.img"), folder.Folder("disk"), _type, DiskMegabytes);
        var data = Path.Combine(disk.Path, "data");
        var ledger = new Ledger();
        var load = new MixedLoad(ledger, Workers, mayFail: true);
        int compared = 0, resumed = 0, blobs = 0;
        var cut = 0;
        for (; cut < cuts && !run.IsOver; cut++)
        {
            await using (var registry = await RegistryProcess.StartAsync(data, Settings))
            {
                var clients = load.RunAsync(registry.BaseAddress, run, cut, CancellationToken.None);
                await Task.WhenAny(clients, Task.Delay(run.Random(-1 - cut).Next(MinLoadMilliseconds, MaxLoadMilliseconds)));
                ledger.IsPowerFailing = true;
                disk.Cut();

                // Whoever is not answered any more waits for the power; the server only seems to be alive.
                await Task.WhenAny(clients, Task.Delay(50));
                registry.Kill();
                await clients;
            }

            ledger.IsPowerFailing = false;
            await disk.RecoverAsync();
            await using var again = await RegistryProcess.StartAsync(data, Settings);
            try
            {
                using var client = new LedgerClient(again.BaseAddress, ledger);
                compared += await client.CheckAsync();
                blobs += BlobFolder.Check(data);
                resumed += await load.ResumeAsync(client, mayBeGone: true);
                ledger.Trim();
                await again.StopAsync();
            }
            catch (ViolationException e)
            {
                throw new ViolationException($"cut {cut}: {e.Message}\nThe server printed:\n{again.Output}");
            }

            if (cut % 20 == 19)
            {
                run.Report($"{Name}: {cut + 1} of {cuts} cuts, {load.Acknowledged} changes acknowledged");
            }
        }

        return $"{cut} cuts on {_type}, {load.Acknowledged} changes acknowledged, {compared} answers and {blobs} files compared, {resumed} uploads resumed; "
            + $"{ledger.LateAnswers} changes acknowledged while the power failed, {ledger.LateLost} of them lost";
    }
}
