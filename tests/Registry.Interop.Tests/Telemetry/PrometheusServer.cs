using System.Text.Json;
using System.Text.RegularExpressions;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Telemetry;

/// <summary>Debian's build of Prometheus, which scrapes one registry every second.</summary>
internal sealed partial class PrometheusServer : IAsyncDisposable
{
    private readonly BackgroundProcess _process;
    private readonly HttpClient _client;

    private PrometheusServer(BackgroundProcess process, string hostPort)
    {
        _process = process;
        _client = new HttpClient { BaseAddress = new Uri($"http://{hostPort}") };
    }

    /// <summary>Starts it on a free port, with its data in a folder.</summary>
    public static async Task<PrometheusServer> StartAsync(string folder, string target)
    {
        string configuration = Path.Combine(folder, "prometheus.yml");
        File.WriteAllText(
            configuration,
            $"""
            global:
              scrape_interval: 1s
            scrape_configs:
              - job_name: registry
                static_configs:
                  - targets: ["{target}"]
            """);
        BackgroundProcess process = BackgroundProcess.Start(
            "prometheus",
            [$"--config.file={configuration}", $"--storage.tsdb.path={Path.Combine(folder, "data")}", "--web.listen-address=127.0.0.1:0"]);
        try
        {
            Match line = await process.WaitForLineAsync(ListeningLine, Patience.Limit, TestContext.Current.CancellationToken);
            return new PrometheusServer(process, line.Groups[1].Value);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns the values of a query, including NaN.</summary>
    /// <exception cref="InvalidOperationException">It is not a query.</exception>
    public async Task<IReadOnlyList<string>> QueryAsync(string query)
    {
        using HttpResponseMessage response = await _client.GetAsync(
            $"/api/v1/query?query={Uri.EscapeDataString(query)}", TestContext.Current.CancellationToken);
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return response.IsSuccessStatusCode
            ? [.. JsonElement.Parse(body).GetProperty("data").GetProperty("result").EnumerateArray().Select(series => series.GetProperty("value")[1].GetString()!)]
            : throw new InvalidOperationException($"{query}: {body}");
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return _process.DisposeAsync();
    }

    [GeneratedRegex(@"Listening on"" address=(127\.0\.0\.1:[1-9]\d*)")]
    private static partial Regex ListeningLine { get; }
}
