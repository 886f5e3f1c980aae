using Microsoft.AspNetCore.Http;
using Registry.Testing.Connections;
using Registry.Torture.Following;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Pushes while one endpoint of events fails now and then, and another one is dead; the registry is killed again and again. Afterwards both endpoints have got what was acknowledged, nothing that was
/// not pushed, in order, and twice only what was on its way at a kill.
/// </summary>
public sealed class EventFaults : IScenario
{
    private const int MinMilliseconds = 500;
    private const int MaxMilliseconds = 3000;

    public string Name => "events";

    public string Rows => "52";

    public string Subject => "events to an endpoint that fails now and then and to a dead one, with kills of the registry; --count is the number of kills";

    public IReadOnlyList<(string Program, string Package)> Needs => [];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var kills = run.Rounds(50, 3);
        await using var flaky = await EventReceiver.StartAsync();
        await using var dead = await EventReceiver.StartAsync();
        await using var followed = await FollowedRegistry.StartAsync(Name, new EventLedger("flaky", flaky), new EventLedger("dead", dead));
        var registry = followed.Process;
        var random = run.Random(-1);
        flaky.Instead = context => AnswerAsync(context, random);
        dead.Instead = context => AnswerAsync(context, StatusCodes.Status503ServiceUnavailable);
        long peak = 0;
        var round = 0;
        try
        {
            for (; round < kills && !run.IsOver; round++)
            {
                using var stop = new CancellationTokenSource();
                var writing = followed.WriteAsync(TimeSpan.Zero, stop.Token);
                await Task.Delay(run.Random(round).Next(MinMilliseconds, MaxMilliseconds), CancellationToken.None);
                peak = Math.Max(peak, registry.PeakResidentBytes);
                registry.Kill();
                await stop.CancelAsync();
                await writing;
                await registry.StartAgainAsync();
                run.Report($"{Name}: {round + 1} of {kills} kills, {followed.Acknowledged} tags set, {flaky.Events.Count} events");
            }

            flaky.Instead = dead.Instead = null;
            var twice = await followed.CheckAsync(round);
            await registry.StopAsync();
            return $"{round} kills, {followed.Acknowledged} tags set, {flaky.Events.Count} and {dead.Events.Count} events in order, none lost or invented, {twice} twice at a kill, at most {peak / 1024 / 1024} MiB";
        }
        catch (ViolationException e)
        {
            throw new ViolationException($"after {round} kills: {e.Message}\nThe server printed:\n{registry.Output}");
        }
    }

    private static async Task<bool> AnswerAsync(HttpContext context, Random random)
    {
        int choice;
        lock (random)
        {
            choice = random.Next(100);
        }

        switch (choice)
        {
            case < 2:
                context.Abort();
                return true;
            case < 5:
                return await AnswerAsync(context, StatusCodes.Status500InternalServerError);
            case < 30:
                await Task.Delay(choice, context.RequestAborted);
                return false;
            default:
                return false;
        }
    }

    private static Task<bool> AnswerAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.FromResult(true);
    }
}
