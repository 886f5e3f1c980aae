using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Registry.Core.Storage;
using Registry.Server.Configuration;
using Registry.Server.Telemetry.Metrics;

namespace Registry.Server.Telemetry;

/// <summary>
/// Exports metrics and traces: Prometheus scrapes them, and an OpenTelemetry collector receives them. The exporter itself reads the OTEL_
/// variables, which name the collector and the protocol.
/// </summary>
internal sealed class TelemetryExport : IDisposable
{
    private readonly Lock _lock = new();
    private readonly PrometheusText? _prometheus;
    private readonly BaseExportingMetricReader? _reader;
    private readonly MeterProvider? _metrics;
    private readonly TracerProvider? _traces;

    public TelemetryExport(RegistryOptions options, HostMetrics own)
    {
        if (options.MetricsPort is not null || options.ExportsMetrics)
        {
            var builder = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(Resource())
                .AddMeter(StorageMetrics.Name, "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddView(instrument => own.IsOfAnother(instrument) ? MetricStreamConfiguration.Drop : null);
            if (options.MetricsPort is not null)
            {
                _prometheus = new PrometheusText();
                _reader = new BaseExportingMetricReader(_prometheus);
                builder.AddReader(_reader);
            }

            _metrics = (options.ExportsMetrics ? builder.AddOtlpExporter() : builder).Build();
        }

        if (options.ExportsTraces)
        {
            _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(Resource()).AddSource(StorageMetrics.Name).AddOtlpExporter().Build();
        }
    }

    /// <summary>True when metrics are exported.</summary>
    public bool HasMetrics => _metrics is not null;

    /// <summary>Collects all metrics for Prometheus.</summary>
    public string CollectText()
    {
        lock (_lock)
        {
            _reader!.Collect();
            return _prometheus!.Text;
        }
    }

    public void Dispose()
    {
        _metrics?.Dispose();
        _traces?.Dispose();
    }

    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come last, so they override the others.
    private static ResourceBuilder Resource() => ResourceBuilder.CreateEmpty()
        .AddService("registry", serviceVersion: ProductVersion.Text).AddTelemetrySdk().AddEnvironmentVariableDetector();
}
