using System.Globalization;

namespace Registry.Core.Configuration;

/// <summary>
/// Sizes in readable form: <c>10GiB</c>, <c>512MB</c>, <c>1.5g</c>, or a number of bytes. KB, MB, GB, TB and PB are powers of 1000 (SI);
/// KiB to PiB (IEC 80000-13) and a letter alone are powers of 1024, as docker, nginx and systemd read the letter.
/// </summary>
public static class ByteSize
{
    // Largest first: a size is written in the largest unit that divides it.
    private static readonly (string Name, long Bytes)[] Units =
    [
        ("PiB", 1L << 50), ("PB", 1_000_000_000_000_000), ("TiB", 1L << 40), ("TB", 1_000_000_000_000), ("GiB", 1L << 30), ("GB", 1_000_000_000),
        ("MiB", 1L << 20), ("MB", 1_000_000), ("KiB", 1L << 10), ("KB", 1000),
    ];

    /// <summary>Parses a size; false when the text is not a size, is negative, or is not a whole number of bytes below 2⁶³.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        var rest = text.AsSpan();
        bytes = 0;
        return Quantity.TryTake(ref rest, out var number, out var unit) && rest.IsEmpty && UnitOf(unit) is { } factor
            && Quantity.TryMultiply(number, factor, out bytes);
    }

    /// <summary>Writes a size exactly, in the largest unit that divides it.</summary>
    public static string Write(long bytes)
    {
        var (name, size) = Units.FirstOrDefault(unit => bytes >= unit.Bytes && bytes % unit.Bytes == 0);
        return name is null ? bytes.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{bytes / size}{name}");
    }

    /// <summary>Writes a rounded size for people: <c>1.4 GiB</c>.</summary>
    public static string Describe(double bytes)
    {
        var (name, size) = Units.FirstOrDefault(unit => unit.Name[1] == 'i' && bytes >= unit.Bytes);
        return name is null
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes:0} B")
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / size:0.0} {name}");
    }

    private static long? UnitOf(ReadOnlySpan<char> unit)
    {
        if (unit.IsEmpty || unit.Equals("B", StringComparison.OrdinalIgnoreCase))
        {
            return 1;
        }

        foreach (var (name, bytes) in Units)
        {
            // GiB, Gi and G.
            if (unit.Equals(name, StringComparison.OrdinalIgnoreCase)
                || (name[1] == 'i' && (unit.Equals(name.AsSpan(0, 2), StringComparison.OrdinalIgnoreCase) || unit.Equals(name.AsSpan(0, 1), StringComparison.OrdinalIgnoreCase))))
            {
                return bytes;
            }
        }

        return null;
    }
}
