using System.Globalization;

namespace Registry.Torture.Sieges;

/// <summary>Reads the metrics of a registry.</summary>
/// <param name="port">Port of the metrics.</param>
internal sealed class ServerMetrics(int port) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

    public void Dispose() => _http.Dispose();

    /// <summary>Reads all series.</summary>
    public async Task<IReadOnlyList<(string Series, double Value)>> ReadAsync(CancellationToken cancellationToken = default)
    {
        var text = await _http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
        return [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.LastIndexOf(' ') is var end
            ? (line[..end], double.Parse(line.AsSpan(end + 1), NumberStyles.Float, CultureInfo.InvariantCulture)) : default)];
    }

    /// <summary>Sums the series of a metric.</summary>
    /// <param name="series">All series.</param>
    /// <param name="name">Name of the metric.</param>
    /// <param name="label">A label with its value, such as <c>code="500"</c>, or a part of it; null for all series.</param>
    public static double Sum(IReadOnlyList<(string Series, double Value)> series, string name, string? label = null) => series
        .Where(one => one.Series.Split('{')[0] == name && (label is null || one.Series.Contains(label, StringComparison.Ordinal))).Sum(one => one.Value);
}
