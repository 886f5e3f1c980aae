using System.Globalization;

namespace Registry.Core.Configuration;

/// <summary>Number followed by the letters of a unit.</summary>
internal static class Quantity
{
    /// <summary>Takes the first number and its letters from a text; false when the text does not begin with a digit, or the number is out of range.</summary>
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

    /// <summary>Converts to the smallest unit; false when the result is not a whole number, or is too large.</summary>
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
