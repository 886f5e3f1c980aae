using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Access;
using Registry.Server.Commands.Access;
using Registry.Server.Configuration;
using Registry.Server.Hosting;

namespace Registry.Bench.Load;

/// <summary>
/// Measures the cost of a password: the same request without authentication, with a remembered password, and with a remembered password during
/// a flood of wrong ones.
/// </summary>
internal static class AuthenticationLoad
{
    private const int Connections = 8;
    private const int Requests = 20_000;
    private const int Rounds = 5;
    private const int Flooders = 32;
    private static readonly Uri Target = new("/v2/bench/nothing/manifests/latest", UriKind.Relative);

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("registry-bench-");
        try
        {
            var users = Path.Combine(folder.FullName, "htpasswd");
            HtpasswdEditor.Set(users, "alice", "right");
            await using var open = await StartAsync(folder, "open", options => options);
            await using var basic = await StartAsync(folder, "basic", options => options with
            {
                Authentication = AuthenticationKind.Basic,
                HtpasswdPath = users,
            });
            using var anonymous = Client(open, null);
            using var alice = Client(basic, "alice:right");
            await MeasureAsync(anonymous, Requests);
            await MeasureAsync(alice, Requests);
            Console.Out.WriteLine("| Round | None, requests/s | Basic, requests/s | Ratio |\n|---:|---:|---:|---:|");
            for (var round = 1; round <= Rounds; round++)
            {
                var none = await MeasureAsync(anonymous, Requests);
                var remembered = await MeasureAsync(alice, Requests);
                Console.Out.WriteLine($"| {round} | {none.Rate:0} | {remembered.Rate:0} | {remembered.Rate / none.Rate:0.00} |");
            }

            await FloodAsync(basic, alice);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task FloodAsync(RegistryHost host, HttpClient alice)
    {
        var quiet = await MeasureAsync(alice, Requests);
        using var stop = new CancellationTokenSource();
        var wrong = 0;
        var turnedAway = 0;
        var flooders = Enumerable.Range(0, Flooders).Select(async i =>
        {
            using var client = Client(host, $"alice:wrong{i}");
            while (!stop.IsCancellationRequested)
            {
                using var answer = await client.GetAsync(Target);
                Interlocked.Increment(ref answer.StatusCode == HttpStatusCode.TooManyRequests ? ref turnedAway : ref wrong);
            }
        }).ToList();
        var flooded = await MeasureAsync(alice, Requests);
        await stop.CancelAsync();
        await Task.WhenAll(flooders);
        Console.Out.WriteLine($"\n| A remembered user, {Connections} connections | p50 ms | p99 ms |\n|---|---:|---:|");
        Console.Out.WriteLine($"| alone | {quiet.Percentile(50):0.00} | {quiet.Percentile(99):0.00} |");
        Console.Out.WriteLine($"| with {Flooders} clients that send wrong passwords ({wrong} checked, {turnedAway} refused) | {flooded.Percentile(50):0.00} | {flooded.Percentile(99):0.00} |");
    }

    private static Task<RegistryHost> StartAsync(DirectoryInfo folder, string name, Func<RegistryOptions, RegistryOptions> configure) =>
        RegistryHost.StartAsync(
            configure(new RegistryOptions { Host = "127.0.0.1", Port = 0, StoragePath = Path.Combine(folder.FullName, name) }),
            TimeProvider.System,
            NullLoggerFactory.Instance);

    private static HttpClient Client(RegistryHost host, string? credentials)
    {
        var client = new HttpClient { BaseAddress = new Uri(host.Addresses[0]) };
        if (credentials is not null)
        {
            client.DefaultRequestHeaders.Authorization =
                new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        }

        return client;
    }

    private static async Task<Measurement> MeasureAsync(HttpClient client, int count)
    {
        var times = new double[count];
        var next = -1;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < count;)
            {
                var started = Stopwatch.GetTimestamp();
                using var answer = await client.GetAsync(Target);
                times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                if (answer.StatusCode != HttpStatusCode.NotFound)
                {
                    throw new InvalidOperationException($"{answer.StatusCode} instead of 404, so the measurement is not valid.");
                }
            }
        }));
        return new Measurement(count / clock.Elapsed.TotalSeconds, [.. times.Order()]);
    }

    private sealed record Measurement(double Rate, double[] Sorted)
    {
        public double Percentile(int p) => Sorted[Math.Min(Sorted.Length - 1, Sorted.Length * p / 100)];
    }
}
