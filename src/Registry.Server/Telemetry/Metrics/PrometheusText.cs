using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>
/// Metrics in the text format of Prometheus (0.0.4), with the names that the OpenTelemetry specification defines ("Prometheus and
/// OpenMetrics Compatibility"): dots become underscores, units are spelled out, counters end in <c>_total</c>.
/// </summary>
internal sealed class PrometheusText : BaseExporter<Metric>
{
    private readonly StringBuilder _text = new();

    /// <summary>Metrics of the last collection.</summary>
    public string Text => _text.ToString();

    public override ExportResult Export(in Batch<Metric> batch)
    {
        _text.Clear();
        foreach (var metric in batch)
        {
            Write(metric);
        }

        return ExportResult.Success;
    }

    /// <summary>Name of a metric for Prometheus.</summary>
    public static string NameOf(string name, string? unit, bool isCounter)
    {
        const string Count = "_count";
        var result = WithoutDots(name);
        if (!isCounter && result.EndsWith(Count, StringComparison.Ordinal))
        {
            // Prometheus reserves this suffix for histograms (promtool check metrics).
            result = result[..^Count.Length];
        }

        var suffix = unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "By" => "_bytes",
            _ => string.Empty,
        };
        if (!result.EndsWith(suffix, StringComparison.Ordinal))
        {
            result += suffix;
        }

        return isCounter && !result.EndsWith("_total", StringComparison.Ordinal) ? $"{result}_total" : result;
    }

    private static string WithoutDots(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c == ':' ? c : '_'));

    private void Write(Metric metric)
    {
        var kind = metric.MetricType switch
        {
            MetricType.LongSum or MetricType.DoubleSum => "counter",
            MetricType.Histogram => "histogram",
            _ => "gauge",
        };
        var name = NameOf(metric.Name, metric.Unit, kind == "counter");
        _text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {metric.Description.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\n# TYPE {name} {kind}\n");
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var labels = Labels(point.Tags);
            if (kind == "histogram")
            {
                WriteHistogram(name, labels, point);
            }
            else
            {
                WriteSample(name, labels, metric.MetricType switch
                {
                    MetricType.LongSum or MetricType.LongSumNonMonotonic => point.GetSumLong(),
                    MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => point.GetSumDouble(),
                    MetricType.LongGauge => point.GetGaugeLastValueLong(),
                    _ => point.GetGaugeLastValueDouble(),
                });
            }
        }
    }

    private void WriteHistogram(string name, string labels, in MetricPoint point)
    {
        long count = 0;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            var bound = double.IsPositiveInfinity(bucket.ExplicitBound) ? "+Inf" : bucket.ExplicitBound.ToString("R", CultureInfo.InvariantCulture);
            WriteSample($"{name}_bucket", $"{labels}{(labels.Length == 0 ? string.Empty : ",")}le=\"{bound}\"", count);
        }

        WriteSample($"{name}_sum", labels, point.GetHistogramSum());
        WriteSample($"{name}_count", labels, point.GetHistogramCount());
    }

    private void WriteSample(string name, string labels, double value) => _text.Append(
        CultureInfo.InvariantCulture, $"{name}{(labels.Length == 0 ? string.Empty : $"{{{labels}}}")} {value.ToString("R", CultureInfo.InvariantCulture)}\n");

    private static string Labels(ReadOnlyTagCollection tags)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            var escaped = Convert.ToString(value, CultureInfo.InvariantCulture)!
                .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(text.Length == 0 ? string.Empty : ",").Append(WithoutDots(key)).Append("=\"").Append(escaped).Append('"');
        }

        return text.ToString();
    }
}
