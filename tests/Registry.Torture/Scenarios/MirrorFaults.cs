using System.Diagnostics;
using System.Text.Json;
using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Load;
using Registry.Torture.Mirroring;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Pulls through a mirror whose upstream cuts, hangs, sends wrong bytes, refuses, forgets tokens, and has its tags moved and deleted; the mirror is killed now and then. No answer that ends in
/// good order is wrong. Afterwards, everything can be pulled, and the storage of the mirror has no damage.
/// </summary>
public sealed class MirrorFaults : IScenario
{
    private const int Clients = 8;
    private const int FaultsOfRound = 25;
    private const int MaxCold = 12;
    private const int MaxKillMilliseconds = 300;

    // Longer than the longest pause of a mirror before it asks again for what was wrong.
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan RoundLimit = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public string Name => "mirror";

    public string Rows => "50";

    public string Subject => "pulls through a mirror whose upstream cuts, hangs, lies and refuses, with kills of the mirror; --count is the number of faults";

    public IReadOnlyList<(string Program, string Package)> Needs => [];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var faults = run.Rounds(500, 5);
        using var folder = new TemporaryFolder("mirror");
        await using var upstream = await RegistryProcess.StartAsync(folder.Folder("upstream"));
        await using var failing = await FailingUpstream.StartAsync(upstream.BaseAddress, run.Random(-1));
        var configuration = folder.File("mirror.json");
        await File.WriteAllTextAsync(
            configuration,
            $$"""{ "upstreams": [ { "name": "upstream", "url": {{JsonSerializer.Serialize(failing.Address)}}, "prefix": "up", "check": "1s" } ] }""");
        var storage = folder.Folder("mirror");
        await using var mirror = await RegistryProcess.StartAsync(storage, new Dictionary<string, string?> { ["REGISTRY_MIRROR_CONFIG"] = configuration });
        using var pusher = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = upstream.BaseAddress };
        var (content, tally) = (new UpstreamContent(pusher), new PullTally());
        int kills = 0, round = 0;
        long peak = 0;
        try
        {
            for (; failing.Happened < faults && !run.IsOver; round++)
            {
                failing.Fail(Math.Min(FaultsOfRound, faults - failing.Happened));
                peak = Math.Max(peak, await RunRoundAsync(mirror, failing, content, tally, run, round));
                kills++;
                await mirror.StartAgainAsync();
                run.Report($"{Name}: {failing.Happened} of {faults} faults, {tally}");
            }

            await RecoverAsync(mirror, content, tally, run);
        }
        catch (ViolationException e)
        {
            throw new ViolationException($"round {round}, after {failing}: {e.Message}\nThe mirror printed:\n{mirror.Output}");
        }

        await mirror.StopAsync();
        BlobFolder.Check(storage);
        var (code, output) = await RegistryProcess.RunAsync("verify", storage);
        return code == 0
            ? $"{failing.Happened} faults ({failing}), {kills} kills, {content.Images.Count} images, {tally}, at most {peak / 1024 / 1024} MiB"
            : throw new ViolationException($"the storage of the mirror has damage:\n{output}");
    }

    // Until all faults have happened. Returns the largest memory of the mirror.
    private static async Task<long> RunRoundAsync(
        RegistryProcess mirror, FailingUpstream failing, UpstreamContent content, PullTally tally, TortureRun run, int round)
    {
        using var http = Connect(mirror);
        using var stop = new CancellationTokenSource();
        var client = new MirrorClient(http, content, tally);
        var clients = Task.WhenAll(Enumerable.Range(0, Clients).Select(i => PullAsync(client, content, run.Random((round * Clients) + i), stop.Token)));
        var begin = Stopwatch.GetTimestamp();
        while (failing.Due > 0 && !clients.IsCompleted && !run.IsOver)
        {
            if (Stopwatch.GetElapsedTime(begin) > RoundLimit)
            {
                throw new ViolationException($"{failing.Due} faults have not happened in {RoundLimit}: the mirror does not ask");
            }

            await Task.WhenAny(clients, Task.Delay(Pause, CancellationToken.None));
        }

        await Task.Delay(run.Random(-2 - round).Next(MaxKillMilliseconds), CancellationToken.None);
        var peak = mirror.HasExited ? throw new ViolationException("the mirror has ended") : mirror.PeakResidentBytes;
        await stop.CancelAsync();
        mirror.Kill();
        await clients;
        return peak;
    }

    private static async Task PullAsync(MirrorClient client, UpstreamContent content, Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var cold = content.Cold;
            if (cold.Count < MaxCold && random.Next(3) == 0)
            {
                await content.PushAsync(random);
            }
            else if (random.Next(40) == 0)
            {
                await content.DeleteAsync(random);
            }

            var isPulled = cold.Count > 0 && random.Next(2) == 0
                ? await client.PullAsync(cold.ElementAt(random.Next(cold.Count)), random)
                : await client.PullTagAsync(content.Choose(random), random) is not null;
            if (!isPulled)
            {
                await Task.Delay(Pause * random.NextDouble(), CancellationToken.None);
            }
        }
    }

    private static async Task RecoverAsync(RegistryProcess mirror, UpstreamContent content, PullTally tally, TortureRun run)
    {
        using var http = Connect(mirror);
        var client = new MirrorClient(http, content, tally);
        var random = run.Random(-1);
        var begin = Stopwatch.GetTimestamp();
        foreach (var image in content.Images)
        {
            await UntilAsync(() => client.PullAsync(image, random), $"{image.Digest} of {image.Repository} can be pulled");
        }

        foreach (var tag in content.AllTags)
        {
            await UntilAsync(async () => await client.PullTagAsync(tag, random, withBlobs: false) == tag.Current, $"{tag.Name} of {tag.Repository} is {tag.Current}");
        }

        async Task UntilAsync(Func<Task<bool>> holds, string what)
        {
            while (!await holds())
            {
                if (Stopwatch.GetElapsedTime(begin) > Recovery)
                {
                    throw new ViolationException($"it was not so within {Recovery} after the last fault that {what}");
                }

                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }

    private static HttpClient Connect(RegistryProcess mirror) => new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { BaseAddress = mirror.BaseAddress, Timeout = Patience.Limit };
}
