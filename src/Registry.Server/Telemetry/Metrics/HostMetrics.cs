using System.Diagnostics.Metrics;
using Registry.Core.Storage;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>Instruments of one host. Several hosts of a process are counted apart: each exports its own.</summary>
internal sealed class HostMetrics : IDisposable
{
    public HostMetrics()
    {
        Meter = new Meter(new MeterOptions(StorageMetrics.Name) { Scope = this });
        Storage = new StorageMetrics(Meter);
        Requests = new RequestMetrics(Meter);
        Collector = new CollectorMetrics(Meter);
    }

    /// <summary>Meter of all instruments.</summary>
    public Meter Meter { get; }

    public StorageMetrics Storage { get; }

    public RequestMetrics Requests { get; }

    public CollectorMetrics Collector { get; }

    /// <summary>True for an instrument of another host.</summary>
    public bool IsOfAnother(Instrument instrument) =>
        instrument.Meter.Name == StorageMetrics.Name && !ReferenceEquals(instrument.Meter.Scope, this);

    /// <summary>Creates the series of every counter before its first increase, so that a scraper sees the increase.</summary>
    public void BeginAtZero()
    {
        Storage.BeginAtZero();
        Requests.BeginAtZero();
        Collector.BeginAtZero();
    }

    public void Dispose() => Meter.Dispose();
}
