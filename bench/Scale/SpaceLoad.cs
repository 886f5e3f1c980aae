using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Bench.Peers;
using Registry.Core.Policies;
using Registry.Core.Space;
using Registry.Storage;

namespace Registry.Bench.Scale;

/// <summary>Measures a computation of space at a million manifests: how much it delays pulls, and what it takes alone.</summary>
internal static class SpaceLoad
{
    private const int Quiet = 20_000;
    private const int ByDefault = 999;

    /// <summary>Runs the measurement.</summary>
    /// <param name="count">Number of copies of a team of a thousand manifests.</param>
    public static async Task RunAsync(string? count)
    {
        var copies = count is null ? ByDefault : int.Parse(count, CultureInfo.InvariantCulture);
        await using var folder = new ScaleFolder();
        var settings = Directory.CreateTempSubdirectory("registry-space-");
        try
        {
            await folder.FillAsync(new ScaleSize(copies, ScaleContent.ManifestsWithTags));
            var image = ScaleContent.Image(ScaleContent.Name(7), 0);
            await using (var server = await ScaleServer.StartAsync(RegistryProgram.Jit, folder.Settings, settings.FullName))
            {
                await MeasurePullsAsync(server, new Uri($"/v2/{ScaleContent.Name(7)}/manifests/{ScaleContent.DigestOf(image)}", UriKind.Relative));
            }

            await MeasureAloneAsync(folder.Paths.Root);
        }
        finally
        {
            settings.Delete(recursive: true);
        }
    }

    private static async Task MeasurePullsAsync(ScaleServer server, Uri path)
    {
        using var client = server.Client("admin");
        using var asking = server.Client("admin");
        await MeasureAsync(server, client, path, times => times < Quiet / 10);
        var memory = server.Memory;
        var before = await MeasureAsync(server, client, path, times => times < Quiet);
        var clock = Stopwatch.StartNew();
        var round = ScaleServer.WaitForSpaceAsync(asking);
        var during = await MeasureAsync(server, client, path, _ => !round.IsCompleted);
        await round;
        var took = clock.Elapsed;
        var grown = server.Memory;
        var after = await MeasureAsync(server, client, path, times => times < Quiet);
        Console.Out.WriteLine("| Pulls of a manifest | count | p50 ms | p99 ms | max ms | CPU ms each |\n|---|---:|---:|---:|---:|---:|");
        Print("before", before);
        Print("during the round", during);
        Print("after", after);
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\nThe round took {took.TotalSeconds:0.0} s beside the pulls. Memory not backed by files: {memory.Anonymous:0} MiB before, {grown.Anonymous:0} MiB after it.\n"));
        foreach (var (name, at) in new[] { ("the first page", "/api/v1/space"), ("a repository of 10,000 manifests", $"/api/v1/space/repository?repository={ScaleContent.ManyTags}") })
        {
            var asked = await Timings.MeasureAsync(server.Id, 20, 2, async _ => await asking.GetByteArrayAsync(new Uri(at, UriKind.Relative)));
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Request for {name}: p50 {asked.Percentile(50):0.0} ms, CPU {asked.Cpu:0.0} ms"));
        }
    }

    private static async Task MeasureAloneAsync(string path)
    {
        await using var storage = RegistryStorage.Open(path, NoRules.Instance, TimeProvider.System, NullLoggerFactory.Instance);
        var rounds = new SpaceRounds(
            storage.Ports.Space, () => ValueTask.FromResult(0L), storage.Clock, TimeSpan.Zero, TimeProvider.System, NullLogger<SpaceRounds>.Instance);
        for (var i = 0; i < 2; i++)
        {
            var (clock, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            var sums = await rounds.RunAsync(CancellationToken.None);
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Alone: {clock.Elapsed.TotalSeconds:0.0} s, {(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:0.0} s of processor time, {sums.Repositories} repositories"));
        }
    }

    private static async Task<(double[] Times, double Cpu)> MeasureAsync(ScaleServer server, HttpClient client, Uri path, Func<int, bool> goesOn)
    {
        using var process = Process.GetProcessById(server.Id);
        var cpu = process.TotalProcessorTime;
        var times = new List<double>();
        while (goesOn(times.Count))
        {
            var started = Stopwatch.GetTimestamp();
            await client.GetByteArrayAsync(path);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        process.Refresh();
        return ([.. times.Order()], (process.TotalProcessorTime - cpu).TotalMilliseconds / times.Count);
    }

    private static void Print(string when, (double[] Times, double Cpu) pulls) => Console.Out.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {when} | {pulls.Times.Length} | {pulls.Times[pulls.Times.Length / 2]:0.00} | {pulls.Times[pulls.Times.Length * 99 / 100]:0.00} | {pulls.Times[^1]:0.00} | {pulls.Cpu:0.00} |"));
}
