using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Registry.Testing;
using Registry.Testing.Connections;
using Registry.Testing.Processes;
using Registry.Torture.Following;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Pushes while one endpoint of events fails now and then, and another one is dead; the registry is killed again and again. Afterwards both endpoints have got what was acknowledged, nothing that was
/// not pushed, in order, and twice only what was on its way at a kill.
/// </summary>
public sealed class EventFaults : IScenario
{
    private const int Writers = 8;
    private const int MinMilliseconds = 500;
    private const int MaxMilliseconds = 3000;

    // Longer than the longest pause between two attempts.
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    public string Name => "events";

    public string Rows => "51";

    public string Subject => "events to an endpoint that fails now and then and to a dead one, with kills of the registry; --count is the number of kills";

    public IReadOnlyList<(string Program, string Package)> Needs => [];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var kills = run.Rounds(50, 3);
        using var folder = new TemporaryFolder("events");
        await using var flaky = await EventReceiver.StartAsync();
        await using var dead = await EventReceiver.StartAsync();
        var random = run.Random(-1);
        flaky.Instead = context => AnswerAsync(context, random);
        dead.Instead = context => AnswerAsync(context, StatusCodes.Status503ServiceUnavailable);
        var configuration = folder.File("events.json");
        var endpoints = new JsonObject { ["endpoints"] = new JsonArray(Endpoint("flaky", flaky), Endpoint("dead", dead)) };
        await File.WriteAllTextAsync(configuration, endpoints.ToJsonString());
        await using var registry = await RegistryProcess.StartAsync(folder.Folder("data"), new Dictionary<string, string?> { ["REGISTRY_EVENTS_CONFIG"] = configuration });
        var writers = Enumerable.Range(0, Writers).Select(number => new TagWriter($"torture/events{number}")).ToList();
        long peak = 0;
        var round = 0;
        try
        {
            await BegunAsync(registry);
            for (; round < kills && !run.IsOver; round++)
            {
                using var stop = new CancellationTokenSource();
                var writing = writers.Select(writer => writer.WriteAsync(registry, stop.Token)).ToList();
                await Task.Delay(run.Random(round).Next(MinMilliseconds, MaxMilliseconds), CancellationToken.None);
                peak = Math.Max(peak, registry.PeakResidentBytes);
                registry.Kill();
                await stop.CancelAsync();
                await Task.WhenAll(writing);
                await registry.StartAgainAsync();
                run.Report($"{Name}: {round + 1} of {kills} kills, {writers.Sum(writer => writer.Acknowledged.Count)} tags set, {flaky.Events.Count} events");
            }

            flaky.Instead = dead.Instead = null;
            var (first, second) = (new EventLedger("flaky", flaky), new EventLedger("dead", dead));
            await UntilAsync(() => first.HasAll(writers) && second.HasAll(writers), () => $"{first.DescribeMissing(writers)}; {second.DescribeMissing(writers)}");
            var twice = first.Check(writers, round) + second.Check(writers, round);
            await registry.StopAsync();
            return $"{round} kills, {writers.Sum(writer => writer.Acknowledged.Count)} tags set, {flaky.Events.Count} and {dead.Events.Count} events in order, none lost or invented, {twice} twice at a kill, at most {peak / 1024 / 1024} MiB";
        }
        catch (ViolationException e)
        {
            throw new ViolationException($"after {round} kills: {e.Message}\nThe server printed:\n{registry.Output}");
        }
    }

    private static JsonObject Endpoint(string name, EventReceiver receiver) => new()
    {
        ["name"] = name,
        ["url"] = receiver.Url.ToString(),
        ["secret"] = EventReceiver.Secret,
        ["addresses"] = new JsonArray("127.0.0.1"),
        ["kinds"] = new JsonArray("tag-set"),
    };

    // What was pushed before an endpoint has begun is none of its events.
    private static async Task BegunAsync(RegistryProcess registry)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = registry.BaseAddress };
        var probe = new TagWriter("torture/probe");
        await probe.SetAsync(http, CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(5), CancellationToken.None);
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

    private static async Task UntilAsync(Func<bool> holds, Func<string> describe)
    {
        var begin = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!holds())
        {
            if (System.Diagnostics.Stopwatch.GetElapsedTime(begin) > Recovery)
            {
                throw new ViolationException($"not all events have come within {Recovery} after the last fault: {describe()}");
            }

            await Task.Delay(Look, CancellationToken.None);
        }
    }
}
