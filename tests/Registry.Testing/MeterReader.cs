using System.Diagnostics.Metrics;

namespace Registry.Testing;

/// <summary>Reads the instruments of a meter, as a scrape does.</summary>
public sealed class MeterReader : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, double> _values = [];

    /// <summary>Listens to a meter of its own.</summary>
    public MeterReader()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == Meter)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>The meter.</summary>
    public Meter Meter { get; } = new("Registry.Testing");

    /// <summary>Value of a series: the name of the instrument, and the values of its labels, such as <c>registry.s3.requests get ok</c>. Of a histogram, the number of records. 0 for one that is not there.</summary>
    public double this[string series] => Read().GetValueOrDefault(series);

    /// <summary>All series.</summary>
    public Dictionary<string, double> Read()
    {
        _listener.RecordObservableInstruments();
        lock (_values)
        {
            return new Dictionary<string, double>(_values);
        }
    }

    /// <summary>The series of an instrument that are not 0, by the values of their labels.</summary>
    public Dictionary<string, double> Read(string instrument) => Read()
        .Where(series => series.Value != 0 && series.Key.StartsWith($"{instrument} ", StringComparison.Ordinal))
        .ToDictionary(series => series.Key[(instrument.Length + 1)..], series => series.Value);

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        Meter.Dispose();
    }

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = instrument.Name;
        foreach (var tag in tags)
        {
            series += $" {tag.Value}";
        }

        lock (_values)
        {
            _values[series] = instrument is Histogram<double> ? _values.GetValueOrDefault(series) + 1 : value;
        }
    }
}
