using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Registry.Bench.Scale;
using Registry.Core.Oci;

namespace Registry.Bench.Pages;

/// <summary>Measures what an open page of the activity costs pulls: alone, beside pushes, and beside the same pushes with such a page.</summary>
internal static class StreamLoad
{
    private const int Pulls = 20_000;

    private static readonly TimeSpan BetweenPushes = TimeSpan.FromMilliseconds(20);
    private static readonly RepositoryName Repository = ScaleContent.Moved;

    public static async Task RunAsync(ScaleServer server)
    {
        using var client = server.Client("admin");
        using var visitor = await server.LogInAsync("admin");
        var image = ScaleContent.Image(Repository, 0);
        var path = new Uri($"/v2/{Repository}/manifests/{ScaleContent.DigestOf(image)}", UriKind.Relative);
        await Timings.MeasureAsync(server.Id, Pulls / 10, 0, PullAsync);
        Console.Out.WriteLine("| Pulls of a manifest | p50 ms | p99 ms | CPU ms each, with the pushes | pushes | events |\n|---|---:|---:|---:|---:|---:|");
        Print("alone", await Timings.MeasureAsync(server.Id, Pulls, 0, PullAsync), 0, 0);
        await MeasureAsync("beside pushes", hasStream: false);
        await MeasureAsync("beside pushes and an open page of the activity", hasStream: true);
        Print("alone again", await Timings.MeasureAsync(server.Id, Pulls, 0, PullAsync), 0, 0);

        Task PullAsync(int i) => client.GetByteArrayAsync(path);

        async Task MeasureAsync(string when, bool hasStream)
        {
            using var end = new CancellationTokenSource();
            var events = hasStream ? visitor.CountEventsAsync("/activity/live", end.Token) : Task.FromResult(0);
            var pushes = PushAsync(server, image, when, end.Token);
            var timings = await Timings.MeasureAsync(server.Id, Pulls, 0, PullAsync);
            await end.CancelAsync();
            Print(when, timings, await pushes, await events);
        }
    }

    // A new tag of a manifest that is there, again and again.
    private static async Task<int> PushAsync(ScaleServer server, byte[] image, string when, CancellationToken cancellationToken)
    {
        using var client = server.Client("admin");
        var started = Stopwatch.GetTimestamp();
        var prefix = when.Replace(' ', '-');
        for (var count = 0; ; count++)
        {
            using var content = new ByteArrayContent(image);
            content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypes.OciManifest);
            using var answer = await client.PutAsync(new Uri($"/v2/{Repository}/manifests/{prefix}-{count}", UriKind.Relative), content, CancellationToken.None);
            answer.EnsureSuccessStatusCode();
            var pause = (BetweenPushes * (count + 1)) - Stopwatch.GetElapsedTime(started);
            try
            {
                await Task.Delay(pause > TimeSpan.Zero ? pause : TimeSpan.Zero, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return count + 1;
            }
        }
    }

    private static void Print(string when, Timings pulls, int pushes, int events) => Console.Out.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"| {when} | {pulls.Percentile(50):0.00} | {pulls.Percentile(99):0.00} | {pulls.Cpu:0.00} | {pushes} | {events} |"));
}
