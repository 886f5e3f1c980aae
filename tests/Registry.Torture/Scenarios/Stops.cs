using System.Diagnostics;
using System.Net;
using Registry.Testing;
using Registry.Testing.Connections;
using Registry.Testing.Processes;
using Registry.Torture.Load;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Sends SIGTERM during a mixed load and long pulls: every response that has begun is complete, the process ends by itself and cleanly, and
/// acknowledged content exists afterwards. The duration of a stop is recorded, not judged.
/// </summary>
public sealed class Stops : IScenario
{
    private const int Workers = 4;
    private const int Pullers = 4;
    private const int LayerSize = 32 * 1024 * 1024;
    private const int MaxLoadMilliseconds = 500;

    public string Name => "stops";

    public string Rows => "29";

    public string Subject => "SIGTERM during a mixed load and pulls of large blobs";

    public IReadOnlyList<(string Program, string Package)> Needs => [];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var rounds = run.Rounds(100, 2);
        using var folder = new TemporaryFolder("stops");
        await using var registry = await RegistryProcess.StartAsync(folder.Path);
        var ledger = new Ledger();
        var large = TestBlob.Random(LayerSize);
        var load = new MixedLoad(ledger, Workers);
        var whole = 0;
        var slowest = TimeSpan.Zero;
        var round = 0;
        for (; round < rounds && !run.IsOver; round++)
        {
            using (var client = new LedgerClient(registry.BaseAddress, ledger))
            {
                await client.CheckAsync();
                await load.ResumeAsync(client, mayBeGone: false);
                ledger.Trim();
                await client.PushAsync("torture/large", large);
            }

            var clients = load.RunAsync(registry, run, round, CancellationToken.None);
            var pullers = Enumerable.Range(0, Pullers).Select(_ => PullAsync(registry, large)).ToList();
            await Task.Delay(run.Random(-1 - round).Next(MaxLoadMilliseconds));
            var clock = Stopwatch.StartNew();
            var code = await registry.StopAsync();
            slowest = clock.Elapsed > slowest ? clock.Elapsed : slowest;
            if (code != 0)
            {
                throw new ViolationException($"round {round}: exit code {code} after {clock.Elapsed.TotalSeconds:f1} s\n{registry.Output}");
            }

            await clients;
            whole += (await Task.WhenAll(pullers)).Sum();
            await registry.StartAgainAsync();
        }

        return $"{round} stops, {load.Acknowledged} changes acknowledged, {whole} pulls of {LayerSize / 1024 / 1024} MiB whole, slowest stop {slowest.TotalSeconds:f1} s";
    }

    // Pulls until it gets no response. A body after a status of 200 must be complete.
    private static async Task<int> PullAsync(RegistryProcess registry, TestBlob large)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = registry.BaseAddress };
        for (var count = 0; ; count++)
        {
            HttpResponseMessage response;
            try
            {
                response = await http.GetAsync(LedgerClient.BlobPath("torture/large", large.Digest), HttpCompletionOption.ResponseHeadersRead);
            }
            catch (Exception e) when (registry.Explains(e))
            {
                return count;
            }

            using (response)
            {
                try
                {
                    if (response.StatusCode != HttpStatusCode.OK || new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest != large.Digest)
                    {
                        throw new ViolationException($"a pull was answered {response.StatusCode}, or brought something else");
                    }
                }
                catch (Exception e) when (e.IsLostConnection())
                {
                    throw new ViolationException($"a pull that was answered 200 was cut short by the stop: {e.Message}");
                }
            }
        }
    }
}
