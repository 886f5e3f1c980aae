using System.Diagnostics;
using System.Globalization;
using Registry.Bench.Peers;

namespace Registry.Bench.Scale;

/// <summary>Measures how much a large collection delays pulls: the same requests before, during and after.</summary>
internal static class SweepLoad
{
    private const int ByDefault = 100_000;
    private const int Quiet = 5000;

    /// <summary>Runs the measurement.</summary>
    /// <param name="count">Number of blobs that no manifest needs; a few times as many links stay.</param>
    public static async Task RunAsync(string? count)
    {
        var garbage = count is null ? ByDefault : int.Parse(count, CultureInfo.InvariantCulture);
        await using var folder = new ScaleFolder();
        var settings = Directory.CreateTempSubdirectory("registry-sweep-");
        try
        {
            await folder.FillAsync(new ScaleSize(Math.Max(garbage / 1000, 1), ScaleContent.ManifestsWithTags / 100));
            var image = ScaleContent.Image(ScaleContent.Name(7), 0);
            folder.AddGarbage(garbage);
            await using var server = await ScaleServer.StartAsync(RegistryProgram.Jit, folder.Settings, settings.FullName, grace: TimeSpan.FromSeconds(10));
            using var client = server.Client("admin");
            var path = new Uri($"/v2/{ScaleContent.Name(7)}/manifests/{ScaleContent.DigestOf(image)}", UriKind.Relative);
            var before = await MeasureAsync(client, path, times => times < Quiet);
            var clock = Stopwatch.StartNew();
            var during = await MeasureAsync(client, path, _ => folder.HasGarbage);
            var took = clock.Elapsed;
            var after = await MeasureAsync(client, path, times => times < Quiet);
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{garbage} blobs were removed in {took.TotalSeconds:0} s, after a grace period of up to 10 s.\n"));
            Console.Out.WriteLine("| Pulls of a manifest | count | p50 ms | p99 ms | max ms |\n|---|---:|---:|---:|---:|");
            Print("before", before);
            Print("while blobs are removed", during);
            Print("after", after);
        }
        finally
        {
            settings.Delete(recursive: true);
        }
    }

    private static async Task<double[]> MeasureAsync(HttpClient client, Uri path, Func<int, bool> goesOn)
    {
        var times = new List<double>();
        while (goesOn(times.Count))
        {
            var started = Stopwatch.GetTimestamp();
            await client.GetByteArrayAsync(path);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return [.. times.Order()];
    }

    private static void Print(string when, double[] times) => Console.Out.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {when} | {times.Length} | {times[times.Length / 2]:0.00} | {times[times.Length * 99 / 100]:0.00} | {times[^1]:0.00} |"));
}
