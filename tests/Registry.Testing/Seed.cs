using System.Globalization;
using System.Security.Cryptography;

namespace Registry.Testing;

/// <summary>Seed of a random test. A failing test prints the number; setting it in the environment repeats the run.</summary>
public static class Seed
{
    private const int Bound = 1_000_000;

    /// <summary>Reads the number from the environment, or chooses a random one below a million.</summary>
    /// <exception cref="FormatException">The variable is not a number.</exception>
    public static int Choose(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
        ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)
        : RandomNumberGenerator.GetInt32(Bound);
}
