using System.Diagnostics.Metrics;

namespace Registry.Server.Tests.Transport.Soak;

/// <summary>Counts the open connections of all servers in this process that are made after it.</summary>
internal sealed class ConnectionGauge : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _count;
    private long _opened;

    public ConnectionGauge()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Meter.Name: "Microsoft.AspNetCore.Server.Kestrel", Name: "kestrel.active_connections" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, change, _, _) =>
        {
            Interlocked.Add(ref _count, change);
            Interlocked.Add(ref _opened, Math.Max(change, 0));
        });
        _listener.Start();
    }

    /// <summary>Connections that are open.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Connections that were ever opened.</summary>
    public long Opened => Interlocked.Read(ref _opened);

    public void Dispose() => _listener.Dispose();
}
