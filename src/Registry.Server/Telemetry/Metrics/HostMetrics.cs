using System.Diagnostics.Metrics;
using Registry.Core.Storage;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>Instruments of one host. Several hosts of a process are counted apart: each exports its own.</summary>
internal sealed class HostMetrics : IMeterFactory
{
    private readonly List<Meter> _meters = [];

    public HostMetrics()
    {
        Meter = Create(new MeterOptions(StorageMetrics.Name));
        Storage = new StorageMetrics(Meter);
        Requests = new RequestMetrics(Meter);
        Collector = new CollectorMetrics(Meter);
    }

    /// <summary>Meter of the registry's own instruments.</summary>
    public Meter Meter { get; }

    public StorageMetrics Storage { get; }

    public RequestMetrics Requests { get; }

    public CollectorMetrics Collector { get; }

    /// <summary>True for an instrument of another host.</summary>
    public bool IsOfAnother(Instrument instrument) => instrument.Meter.Scope is HostMetrics host && host != this;

    /// <summary>Creates a meter of this host, which ends with it.</summary>
    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    /// <summary>Creates the series of every counter before its first increase, so that a scraper sees the increase.</summary>
    public void BeginAtZero()
    {
        Storage.BeginAtZero();
        Requests.BeginAtZero();
        Collector.BeginAtZero();
    }

    public void Dispose() => _meters.ForEach(meter => meter.Dispose());
}
