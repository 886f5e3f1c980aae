using System.Globalization;

namespace Registry.Bench.Reports;

/// <summary>What a ratio or a figure has to be.</summary>
/// <param name="IsLeast">At least the value; otherwise at most.</param>
/// <param name="Value">The value.</param>
/// <param name="Unit">What follows it in a table.</param>
internal readonly record struct Bound(bool IsLeast, double Value, string Unit)
{
    public static Bound AtLeast(double value, string unit = " ×") => new(true, value, unit);

    public static Bound AtMost(double value, string unit = " ×") => new(false, value, unit);

    public bool IsMetBy(double value) => IsLeast ? value >= Value : value <= Value;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsLeast ? '≥' : '≤')} {Value:0.##}{Unit}");
}
