using System.Diagnostics;
using System.Globalization;
using Registry.Torture.Scenarios;

namespace Registry.Torture;

/// <summary>Lists the scenarios, and runs one.</summary>
public static class Catalogue
{
    public static readonly IReadOnlyList<IScenario> Scenarios =
    [
        new Kills(), new CrashPoints(), new CallErrors(), PowerCuts.Ext4, PowerCuts.Xfs, new FullDisks(), new Refusals(), new Stops(), new ClockJumps(),
        new MemoryLimit(), new Traversal(), new SlowClients(), new Hostile(), new NodeFaults(), new Moves(), new Versions(), new MirrorFaults(), new EventFaults(),
        new DeadEndpoint(), new NodeEvents(),
    ];

    /// <summary>Runs a scenario to its end.</summary>
    /// <returns>Row for the table of runs in docs/trust.md.</returns>
    /// <exception cref="ViolationException">A promise was not kept; the message ends with the command that repeats the run.</exception>
    public static async Task<string> RunAsync(IScenario scenario, TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(run);
        var clock = Stopwatch.StartNew();
        try
        {
            var counts = await scenario.RunAsync(run);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"| {DateTime.UtcNow:yyyy-MM-dd} | {scenario.Name} | {scenario.Rows} | {run.Seed} | {counts} | {clock.Elapsed:hh\\:mm\\:ss} |");
        }
        catch (Exception e)
        {
            throw new ViolationException($"{scenario.Name}: {(e is ViolationException ? e.Message : e.ToString())}\nTo run it again: {(run with { Point = run.Point ?? (e as ViolationException)?.Point }).Replay(scenario.Name)}");
        }
    }
}
