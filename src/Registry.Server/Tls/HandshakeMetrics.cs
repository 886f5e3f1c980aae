using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Registry.Server.Tls;

/// <summary>
/// Metrics of a handshake, with the names and labels of Kestrel's own TLS layer
/// (<see href="https://opentelemetry.io/docs/specs/semconv/dotnet/dotnet-kestrel-metrics/">semantic conventions</see>).
/// </summary>
internal readonly struct HandshakeMetrics
{
    private static readonly Meter Meter = new("Microsoft.AspNetCore.Server.Kestrel");

    private static readonly UpDownCounter<long> Active = Meter.CreateUpDownCounter<long>(
        "kestrel.active_tls_handshakes", "{handshake}", "Number of TLS handshakes that are currently in progress on the server.");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "kestrel.tls_handshake.duration",
        "s",
        "The duration of TLS handshakes on the server.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] });

    private readonly ConnectionContext _connection;
    private readonly long _startedAt;
    private readonly bool _isActive;

    private HandshakeMetrics(ConnectionContext connection)
    {
        _connection = connection;
        _startedAt = Stopwatch.GetTimestamp();
        _isActive = Active.Enabled;
        if (_isActive)
        {
            Active.Add(1, Tags());
        }
    }

    /// <summary>Begins to measure.</summary>
    public static HandshakeMetrics Begin(ConnectionContext connection) => new(connection);

    /// <summary>The handshake has succeeded.</summary>
    public void Succeeded(SslProtocols protocol) => End("tls.protocol.version", protocol == SslProtocols.Tls13 ? "1.3" : "1.2");

    /// <summary>The handshake has failed.</summary>
    public void Failed(Exception reason)
    {
        End("error.type", reason.GetType().FullName);
        _connection.Features.Get<IConnectionMetricsTagsFeature>()?.Tags.Add(new("error.type", "tls_handshake_failed"));
    }

    private void End(string label, string? value)
    {
        if (_isActive)
        {
            Active.Add(-1, Tags());
        }

        if (Duration.Enabled)
        {
            var tags = Tags();
            tags.Add(label, value);
            Duration.Record(Stopwatch.GetElapsedTime(_startedAt).TotalSeconds, tags);
        }

        if (label == "tls.protocol.version")
        {
            _connection.Features.Get<IConnectionMetricsTagsFeature>()?.Tags.Add(new(label, value));
        }
    }

    private TagList Tags()
    {
        var tags = default(TagList);
        if (_connection.LocalEndPoint is IPEndPoint local)
        {
            tags.Add("server.address", local.Address.ToString());
            tags.Add("server.port", local.Port);
            tags.Add("network.type", local.AddressFamily == AddressFamily.InterNetworkV6 ? "ipv6" : "ipv4");
        }

        tags.Add("network.transport", "tcp");
        return tags;
    }
}
