using System.Globalization;

namespace Registry.Bench.Reports;

/// <summary>Bound of a ratio or a figure.</summary>
/// <param name="IsLeast">At least the value; otherwise at most.</param>
/// <param name="Value">The value.</param>
/// <param name="Unit">The unit after it in a table.</param>
internal readonly record struct Bound(bool IsLeast, double Value, string Unit)
{
    public static Bound AtLeast(double value, string unit = " ×") => new(true, value, unit);

    public static Bound AtMost(double value, string unit = " ×") => new(false, value, unit);

    public bool IsMetBy(double value) => IsLeast ? value >= Value : value <= Value;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsLeast ? '≥' : '≤')} {Value:0.##}{Unit}");
}
