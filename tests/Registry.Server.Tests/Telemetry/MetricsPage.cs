using System.Globalization;

namespace Registry.Server.Tests.Telemetry;

/// <summary>Values of the page of metrics, as Prometheus reads them.</summary>
internal static class MetricsPage
{
    /// <summary>Reads the page of a registry that has a port for metrics.</summary>
    /// <param name="prometheus">A client without a base address of its own.</param>
    /// <param name="registry">The registry.</param>
    /// <returns>The value of each series, by name and labels.</returns>
    public static async Task<Dictionary<string, double>> ReadAsync(HttpClient prometheus, TestRegistry registry)
    {
        var answer = Check.Status(200, await prometheus.GetAnswerAsync(registry.Host.MetricsAddress!));
        return answer.Text.Split('\n').Where(line => line.Length > 0 && line[0] != '#')
            .ToDictionary(line => line[..line.LastIndexOf(' ')], line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
