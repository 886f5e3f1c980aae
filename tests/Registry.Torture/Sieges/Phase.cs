using System.Globalization;
using Registry.Torture.Attacks;
using Registry.Torture.Load;

namespace Registry.Torture.Sieges;

/// <summary>Figures of a while with one or several attacks, or with none.</summary>
/// <param name="Name">The attacks.</param>
/// <param name="Pulls">Durations of the honest pulls in milliseconds, sorted.</param>
/// <param name="Pushes">Durations of the honest pushes.</param>
/// <param name="Logins">Durations of the honest logins.</param>
/// <param name="Refused">Honest requests that were answered 429 or 503, and repeated.</param>
/// <param name="Waited">Time for which they waited before, as Retry-After said; part of the durations.</param>
/// <param name="PeakBytes">Peak of the server's resident size in bytes.</param>
/// <param name="Memory">The largest sample of the server's memory; null when none could be read.</param>
/// <param name="Collections">Pauses of the server's garbage collections, and the number of those of the whole heap.</param>
/// <param name="Load">Use of the machine.</param>
/// <param name="Tallies">The tallies of the attacks, by name.</param>
internal sealed record Phase(
    string Name, List<double> Pulls, List<double> Pushes, List<double> Logins, int Refused, TimeSpan Waited, long PeakBytes, MemorySample? Memory,
    (TimeSpan Paused, long Full) Collections, string Load, IReadOnlyDictionary<string, Tally> Tallies)
{
    /// <summary>99th percentile of the honest pulls, in milliseconds.</summary>
    public double P99 => Latencies.Percentile(Pulls, 99);

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name}: {Times("pulls", Pulls)}, {Times("pushes", Pushes)}, {Times("logins", Logins)}, {Refused} refused and repeated after {Waited.TotalSeconds:f0} s; "
        + $"peak {PeakBytes >> 20} MiB; {Collections.Full} full collections, {Collections.Paused.TotalMilliseconds:f0} ms paused; {Load}\n"
        + $"    at {Memory?.ToString() ?? "no sample"}")
        + string.Concat(Tallies.Select(tally => $"\n    {tally.Key}: {tally.Value}"));

    /// <summary>Number, median and 99th percentile of durations.</summary>
    public static string Times(string what, List<double> sorted) => string.Create(
        CultureInfo.InvariantCulture, $"{sorted.Count} {what} {Latencies.Percentile(sorted, 50):f0}/{Latencies.Percentile(sorted, 99):f0} ms");
}
