using System.Diagnostics;
using System.Globalization;
using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Faults;
using Registry.Torture.Load;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Makes the wall clock jump by years, back and forth, while the server runs and between a stop and a start: the collector continues, and removes
/// nothing that was pushed or promised; uploads continue.
/// </summary>
public sealed class ClockJumps : IScenario
{
    private const string Repository = "torture/clock";
    private const int MinDays = 400;
    private const int MaxDays = 30 * 365;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    // A cycle of the collector comes every tenth of the grace period.
    private static readonly TimeSpan TwoCycles = TimeSpan.FromSeconds(4.5);

    private static readonly Dictionary<string, string?> Settings =
        new() { ["REGISTRY_GC_GRACE"] = Grace.TotalSeconds.ToString(CultureInfo.InvariantCulture), ["REGISTRY_UPLOAD_TIMEOUT"] = "60" };

    public string Name => "clock";

    public string Rows => "11";

    public string Subject => "the wall clock jumps by years while the collector runs, and between a stop and a start";

    public IReadOnlyList<(string Program, string Package)> Needs => [("faketime", "faketime")];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var jumps = run.Rounds(50, 3);
        using var folder = new TemporaryFolder("clock");
        var data = folder.Folder("data");
        var clock = new FakedClock(folder.File("clock"));
        var ledger = new Ledger();
        int compared = 0, restarts = 0, jump = 0;
        clock.Set(TimeSpan.Zero);
        var registry = await RegistryProcess.StartAsync(data, Settings, clock.Launch);
        try
        {
            for (; jump < jumps && !run.IsOver; jump++)
            {
                var promised = Stopwatch.StartNew();
                var upload = await PushAsync(registry.BaseAddress, ledger, jump);
                var random = run.Random(jump);
                var isRestart = jump % 3 == 2;
                if (isRestart)
                {
                    await registry.StopAsync();
                    restarts++;
                }

                clock.Set(TimeSpan.FromDays(random.Next(MinDays, MaxDays) * (clock.Ahead > TimeSpan.Zero ? -1 : 1)));
                if (isRestart)
                {
                    await registry.DisposeAsync();
                    registry = await RegistryProcess.StartAsync(data, Settings, clock.Launch);
                }

                await Task.Delay(TwoCycles);
                await CheckDateAsync(registry.BaseAddress, clock);
                compared += await CheckAsync(registry.BaseAddress, ledger, upload, promised.Elapsed < Grace / 2);
            }

            await registry.StopAsync();
            return $"{jump} jumps by {MinDays} to {MaxDays} days ({restarts} between a stop and a start), {compared} answers and {BlobFolder.Check(data)} files compared";
        }
        catch (ViolationException e)
        {
            throw new ViolationException($"jump {jump} to {clock.Ahead.Days} days: {e.Message}\nThe server printed:\n{registry.Output}");
        }
        finally
        {
            await registry.DisposeAsync();
        }
    }

    // An image, a blob that no manifest needs yet, and half an upload.
    private static async Task<PendingUpload> PushAsync(Uri address, Ledger ledger, int jump)
    {
        using var client = new LedgerClient(address, ledger);
        await client.PushAsync(Repository, TestImage.Create(layerSize: 20_000), $"t{jump}");
        await client.PushAsync(Repository, TestBlob.Random(10_000));
        return await client.BeginAsync(Repository, TestBlob.Random(10_000)) ?? throw new ViolationException("an upload was refused");
    }

    // Checks that the server sees the jump; otherwise the test would test nothing.
    private static async Task CheckDateAsync(Uri address, FakedClock clock)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        var seen = DateTimeOffset.Parse((await http.GetAnswerAsync("/v2/"))["Date"]!, CultureInfo.InvariantCulture);
        if (Math.Abs((seen - DateTimeOffset.UtcNow).TotalDays - clock.Ahead.TotalDays) > 1)
        {
            throw new ViolationException($"the server's clock says {seen:u}, and should be {clock.Ahead.Days} days off");
        }
    }

    private static async Task<int> CheckAsync(Uri address, Ledger ledger, PendingUpload upload, bool isPromised)
    {
        using var client = new LedgerClient(address, ledger);
        if (!isPromised)
        {
            // On a slow machine, content that no manifest needs may have been collected correctly.
            ledger.Trim();
        }

        var compared = await client.CheckAsync();
        await client.ResumeAsync(upload, mayBeGone: false);
        ledger.Trim();
        return compared;
    }
}
