using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Registry.Testing;
using Registry.Testing.Connections;
using Registry.Torture.Following;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Pushes at a steady pace while one endpoint of events is dead for an hour, in each way that endpoints are, and another one works. Then it comes back, and gets what was pushed meanwhile: all of it,
/// nothing else, in order and once. The memory of the registry is level.
/// </summary>
public sealed class DeadEndpoint : IScenario
{
    private const int Samples = 60;

    // The resident size may grow by this after the first quarter of the time. In an hour there are 28,000 changes, of about 1 KiB each in memory.
    private const long MaxGrowth = 16L << 20;

    // A server is not warm earlier.
    private static readonly TimeSpan Warm = TimeSpan.FromMinutes(10);

    // Of each of eight writers: four pushes a second, and eight changes.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    public string Name => "dead-endpoint";

    public string Rows => "53";

    public string Subject => "an endpoint of events that is dead for an hour, or for --minutes, under pushes, and comes back; memory";

    public IReadOnlyList<(string Program, string Package)> Needs => [];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var time = run.Limit ?? (run.IsShort ? TimeSpan.FromSeconds(10) : TimeSpan.FromHours(1));
        await using var alive = await EventReceiver.StartAsync();
        await using var dead = await EventReceiver.StartAsync();
        var working = new EventLedger("alive", alive);
        await using var registry = await FollowedRegistry.StartAsync(Name, working, new EventLedger("dead", dead));
        var process = registry.Process;
        var attempts = 0;
        dead.Instead = context => DieAsync(context, Interlocked.Increment(ref attempts));
        try
        {
            using var stop = new CancellationTokenSource();
            var writing = registry.WriteAsync(Pause, stop.Token);
            var sizes = new List<long>();
            for (var i = 0; i < Samples; i++)
            {
                await Task.WhenAny(writing, Task.Delay(time / Samples, CancellationToken.None));
                sizes.Add(process.ResidentBytes);
                run.Report(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Name}: {(i + 1) * (time / Samples):hh\\:mm\\:ss}, {registry.Acknowledged} tags set, {alive.Events.Count} events at the other one, {attempts} attempts, {sizes[^1] >> 10} KiB"));
            }

            await stop.CancelAsync();
            await writing;
            await Eventually.TrueAsync(() => working.HasAll(registry.Writers));
            var (early, late) = (MedianOf(sizes[(Samples / 4)..(Samples / 2)]), MedianOf(sizes[(Samples * 3 / 4)..]));
            dead.Instead = null;
            var clock = Stopwatch.StartNew();
            var twice = await registry.CheckAsync(kills: 0);
            var recovery = clock.Elapsed;
            var after = process.ResidentBytes;
            if (time >= Warm && Math.Max(late, after) - early > MaxGrowth)
            {
                throw new ViolationException($"the resident size has grown from {early} to {late}, and to {after} after the return: {string.Join(' ', sizes)}");
            }

            return string.Create(
                CultureInfo.InvariantCulture,
                $"{time:hh\\:mm\\:ss} dead, {attempts} attempts; {registry.Acknowledged} tags set, all delivered {recovery:hh\\:mm\\:ss} after the return, in order, none lost or invented, {twice} twice; resident {early >> 10} KiB in the second quarter, {late >> 10} in the last, {after >> 10} after the return, at most {process.PeakResidentBytes >> 10}");
        }
        catch (ViolationException e)
        {
            throw new ViolationException($"{e.Message}\nThe server printed:\n{process.Output}");
        }
    }

    private static long MedianOf(List<long> sizes) => sizes.Order().ElementAt(sizes.Count / 2);

    // Answers an error, breaks off, or hangs until the registry gives up.
    private static async Task<bool> DieAsync(HttpContext context, int attempt)
    {
        switch (attempt % 3)
        {
            case 0:
                context.Response.StatusCode = StatusCodes.Status502BadGateway;
                break;
            case 1:
                context.Abort();
                break;
            default:
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
                break;
        }

        return true;
    }
}
