using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Opens thousands of connections that never finish their headers, on each transport: the server closes all of them, and answers proper requests
/// meanwhile. The times of both are recorded, not judged.
/// </summary>
public sealed class SlowClients : IScenario
{
    public string Name => "slow-clients";

    public string Rows => "17";

    public string Subject => "thousands of connections that send half of a header, beside complete requests";

    public IReadOnlyList<(string Program, string Package)> Needs => [];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var count = run.Rounds(8000, 200);
        var results = new List<string>();
        foreach (var transport in new[] { "direct", "kestrel" })
        {
            using var folder = new TemporaryFolder("slow-clients");
            await using var registry = await RegistryProcess.StartAsync(
                folder.Path, new Dictionary<string, string?> { ["REGISTRY_TRANSPORT"] = transport });
            results.Add($"{transport}: {await RunAsync(registry, count)}");
        }

        return string.Join("; ", results);
    }

    private static async Task<string> RunAsync(RegistryProcess registry, int count)
    {
        using var honest = new HttpClient { BaseAddress = registry.BaseAddress };
        var image = await honest.PushAsync("honest", TestImage.Create(), "latest");
        using var over = new CancellationTokenSource();
        var answers = MeasureAsync(honest, image, over.Token);
        var closed = await Task.WhenAll(Enumerable.Range(0, count).Select(i => StallAsync(registry.BaseAddress, i)));
        await over.CancelAsync();
        var times = await answers;
        if (registry.HasExited)
        {
            throw new ViolationException($"the server has ended:\n{registry.Output}");
        }

        return $"{count} half headers closed after {closed.Max().TotalSeconds:f1} s at most; {times.Count} proper requests meanwhile, p99 {times[times.Count * 99 / 100]:f1} ms, peak {registry.PeakResidentBytes >> 20} MiB";
    }

    // From the first byte to the end of the connection by the server.
    private static async Task<TimeSpan> StallAsync(Uri address, int number)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address.Host, address.Port);
        var clock = Stopwatch.StartNew();
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /v2/ HTTP/1.1\r\nHost: registry\r\nX-{number}: "));
        using var deadline = new CancellationTokenSource(Patience.Limit);
        var buffer = new byte[1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, deadline.Token) > 0)
            {
                // 408, perhaps.
            }
        }
        catch (SocketException)
        {
            // A reset is an end, too.
        }
        catch (OperationCanceledException)
        {
            throw new ViolationException($"a connection with half of a header was still open after {Patience.Limit.TotalSeconds} s");
        }

        return clock.Elapsed;
    }

    private static async Task<List<double>> MeasureAsync(HttpClient client, TestImage image, CancellationToken over)
    {
        var times = new List<double>();
        while (!over.IsCancellationRequested)
        {
            var start = Stopwatch.GetTimestamp();
            var answer = await client.GetAnswerAsync($"/v2/honest/manifests/{image.Digest}");
            if (answer.Status != 200 || !answer.Body.AsSpan().SequenceEqual(image.Manifest.Bytes))
            {
                throw new ViolationException($"a proper request was answered {answer}");
            }

            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await Task.Delay(TimeSpan.FromMilliseconds(2), CancellationToken.None);
        }

        times.Sort();
        return times;
    }
}
