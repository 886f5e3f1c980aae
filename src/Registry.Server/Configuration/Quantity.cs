using System.Globalization;

namespace Registry.Server.Configuration;

/// <summary>A number with the letters that follow it.</summary>
internal static class Quantity
{
    /// <summary>Takes the first number and its letters from a text; false when it does not begin with digits, or the number is out of reach.</summary>
    public static bool TryTake(ref ReadOnlySpan<char> text, out decimal number, out ReadOnlySpan<char> unit)
    {
        var digits = Count(text, c => char.IsAsciiDigit(c) || c == '.');
        var letters = Count(text[digits..], char.IsAsciiLetter);
        unit = text.Slice(digits, letters);
        number = 0;
        var isNumber = digits > 0 && char.IsAsciiDigit(text[0]) && char.IsAsciiDigit(text[digits - 1])
            && decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
        text = text[(digits + letters)..];
        return isNumber;
    }

    /// <summary>A number of units as a number of the smallest; false when there is a part of one left, or too many.</summary>
    public static bool TryMultiply(decimal number, long factor, out long product)
    {
        var isWithin = number <= long.MaxValue / factor && number * factor == decimal.Truncate(number * factor);
        product = isWithin ? (long)(number * factor) : 0;
        return isWithin;
    }

    private static int Count(ReadOnlySpan<char> text, Func<char, bool> belongs)
    {
        var count = 0;
        while (count < text.Length && belongs(text[count]))
        {
            count++;
        }

        return count;
    }
}
