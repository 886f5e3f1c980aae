using System.Globalization;
using System.Security.Cryptography;

namespace Registry.Testing;

/// <summary>Where the choices of a random test come from. The test prints the number when it fails, and the environment repeats it.</summary>
public static class Seed
{
    private const int Bound = 1_000_000;

    /// <summary>The number that the environment names, otherwise any below a million.</summary>
    /// <exception cref="FormatException">The variable holds something else than a number.</exception>
    public static int Choose(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
        ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)
        : RandomNumberGenerator.GetInt32(Bound);
}
