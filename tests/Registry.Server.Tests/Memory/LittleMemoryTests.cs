using System.Globalization;
using System.Net;

namespace Registry.Server.Tests.Memory;

/// <summary>A server whose heap is smaller than what its clients send.</summary>
public sealed class LittleMemoryTests : IDisposable
{
    private const int Heads = 500;
    private const long MiB = 1024 * 1024;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_server_with_little_memory_survives_more_unfinished_heads_than_fit()
    {
        var metrics = FreePorts.Find(1)[0];
        await using var registry = await RegistryProcess.StartAsync(_folder.Path, new Dictionary<string, string?>
        {
            [RegistryProcess.HeapLimitVariable] = RegistryProcess.HeapLimit(128 * MiB),
            ["REGISTRY_METRICS_PORT"] = metrics.ToString(CultureInfo.InvariantCulture),
        });
        using var client = new HttpClient { BaseAddress = registry.BaseAddress };
        var crowd = new List<RawConnection>();
        try
        {
            // Heads end after some seconds. A busy machine needs more of them until enough have arrived at once.
            await Eventually.HoldsAsync(
                async () =>
                {
                    for (var i = 0; i < Heads; i++)
                    {
                        await SendHeadAsync(registry, crowd);
                    }

                    return await ReadAsync("registry_connections_shed_total") > 0;
                },
                "connections are closed for lack of memory");
            Assert.InRange(await ReadAsync("registry_connections_places"), 128, await ReadAsync("registry_connections_limit"));
        }
        finally
        {
            crowd.ForEach(connection => connection.Dispose());
        }

        await client.PushAsync("held", TestImage.Create(), "latest");
        Assert.False(registry.HasExited);

        // The metrics share the heap: while it is full, a scrape may be lost.
        async Task<double> ReadAsync(string series)
        {
            var text = string.Empty;
            await Eventually.HoldsAsync(
                async () =>
                {
                    try
                    {
                        text = (await client.GetAnswerAsync($"http://127.0.0.1:{metrics}/metrics")).Text;
                        return true;
                    }
                    catch (Exception e) when (e.IsLostConnection() && !registry.HasExited)
                    {
                        return false;
                    }
                },
                "the metrics can be read");
            return text.Split('\n').Where(line => line.StartsWith($"{series} ", StringComparison.Ordinal))
                .Select(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)).Single();
        }
    }

    // 60 KiB of fields, without the end of the head; as text in the heap, twice as much.
    private static async Task SendHeadAsync(RegistryProcess registry, List<RawConnection> crowd)
    {
        try
        {
            var connection = await RawConnection.OpenAsync(registry.BaseAddress, IPAddress.Parse("127.0.0.2"));
            crowd.Add(connection);
            await connection.SendAsync(
                $"GET /v2/ HTTP/1.1\r\nHost: registry\r\n{string.Concat(Enumerable.Range(0, 15).Select(i => $"X-{i}: {new string('a', 4000)}\r\n"))}");
        }
        catch (Exception e) when (e.IsLostConnection())
        {
            // It was closed for lack of memory, or refused.
        }
    }
}
