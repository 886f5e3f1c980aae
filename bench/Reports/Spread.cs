using System.Globalization;

namespace Registry.Bench.Reports;

/// <summary>Spread of several samples of one figure.</summary>
internal sealed record Spread(double Lowest, double Median, double Highest)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(sorted[0], median, sorted[^1]);
    }

    /// <summary>A number with three significant digits and no exponent.</summary>
    public static string Number(double value)
    {
        var format = Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", _ => "0.00" };
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    public override string ToString() => $"{Number(Median)} ({Number(Lowest)}–{Number(Highest)})";
}
