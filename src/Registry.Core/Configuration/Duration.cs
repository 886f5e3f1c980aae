using System.Globalization;
using System.Text;

namespace Registry.Core.Configuration;

/// <summary>
/// Times in readable form: <c>90s</c>, <c>24h</c>, <c>7d</c>, <c>1h30m</c>, or a number of seconds. Units are w, d, h, m and s, each once and
/// the larger before the smaller.
/// </summary>
public static class Duration
{
    private static readonly (char Letter, long Seconds)[] Units = [('w', 7 * 86400), ('d', 86400), ('h', 3600), ('m', 60), ('s', 1)];

    /// <summary>Parses a time; false when the text is not a time, or is not a whole number of seconds.</summary>
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = default;
        var rest = text.AsSpan();
        var total = 0L;
        var next = 0;
        do
        {
            if (!Quantity.TryTake(ref rest, out var number, out var unit) || !TryUnit(unit, isAlone: next == 0 && rest.IsEmpty, ref next, out var factor)
                || !Quantity.TryMultiply(number, factor, out var seconds) || seconds > int.MaxValue)
            {
                return false;
            }

            total += seconds;
        }
        while (!rest.IsEmpty);

        time = TimeSpan.FromSeconds(total);
        return true;
    }

    /// <summary>Writes a time exactly, to the second.</summary>
    public static string Write(TimeSpan time)
    {
        var seconds = (long)time.TotalSeconds;
        var text = new StringBuilder();

        // Weeks are parsed but never written: 30d is clearer than 4w2d.
        foreach (var (letter, size) in Units[1..])
        {
            if (seconds >= size)
            {
                text.Append(CultureInfo.InvariantCulture, $"{seconds / size}{letter}");
                seconds %= size;
            }
        }

        return text.Length == 0 ? "0" : text.ToString();
    }

    // A number alone is seconds.
    private static bool TryUnit(ReadOnlySpan<char> unit, bool isAlone, ref int next, out long factor)
    {
        factor = 1;
        if (unit.IsEmpty)
        {
            return isAlone;
        }

        var letter = char.ToLowerInvariant(unit[0]);
        var found = unit.Length == 1 ? Array.FindIndex(Units, next, known => known.Letter == letter) : -1;
        if (found < 0)
        {
            return false;
        }

        factor = Units[found].Seconds;
        next = found + 1;
        return true;
    }
}
