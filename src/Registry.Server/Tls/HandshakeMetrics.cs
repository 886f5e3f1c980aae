using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Registry.Server.Tls;

/// <summary>
/// Metrics of handshakes, with the names and labels of Kestrel's own TLS layer
/// (<see href="https://opentelemetry.io/docs/specs/semconv/dotnet/dotnet-kestrel-metrics/">semantic conventions</see>).
/// </summary>
internal sealed class HandshakeMetrics
{
    private readonly UpDownCounter<long> _active;
    private readonly Histogram<double> _duration;

    /// <param name="meters">Creates the meter.</param>
    public HandshakeMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(new MeterOptions("Microsoft.AspNetCore.Server.Kestrel"));
        _active = meter.CreateUpDownCounter<long>(
            "kestrel.active_tls_handshakes", "{handshake}", "Number of TLS handshakes that are currently in progress on the server.");
        _duration = meter.CreateHistogram(
            "kestrel.tls_handshake.duration",
            "s",
            "The duration of TLS handshakes on the server.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] });
    }

    /// <summary>Begins to measure a handshake.</summary>
    public Handshake Begin(ConnectionContext connection) => new(this, connection);

    /// <summary>A handshake that is measured.</summary>
    public readonly struct Handshake
    {
        private readonly HandshakeMetrics _metrics;
        private readonly ConnectionContext _connection;
        private readonly long _startedAt;
        private readonly bool _isActive;

        internal Handshake(HandshakeMetrics metrics, ConnectionContext connection)
        {
            _metrics = metrics;
            _connection = connection;
            _startedAt = Stopwatch.GetTimestamp();
            _isActive = metrics._active.Enabled;
            if (_isActive)
            {
                metrics._active.Add(1, Tags());
            }
        }

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
                _metrics._active.Add(-1, Tags());
            }

            if (_metrics._duration.Enabled)
            {
                var tags = Tags();
                tags.Add(label, value);
                _metrics._duration.Record(Stopwatch.GetElapsedTime(_startedAt).TotalSeconds, tags);
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
}
