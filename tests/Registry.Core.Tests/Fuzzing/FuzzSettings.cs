using System.Globalization;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>
/// How long the fuzzers run and from which seeds: short in every test run, any length with FUZZ_OPERATIONS (for each seed),
/// FUZZ_SEED (the first) and FUZZ_SEEDS (how many). FUZZ_STORAGE=nodes runs the operations of the model on nodes.
/// </summary>
internal static class FuzzSettings
{
    /// <summary>True to run on nodes.</summary>
    /// <exception cref="InvalidOperationException">FUZZ_STORAGE has another value.</exception>
    public static bool OnNodes => Environment.GetEnvironmentVariable("FUZZ_STORAGE") switch
    {
        null or "" => false,
        "nodes" => true,
        var other => throw new InvalidOperationException($"FUZZ_STORAGE is {other}; it is nodes, or not set."),
    };

    /// <summary>Seeds of a run.</summary>
    /// <param name="byDefault">How many in the short form.</param>
    public static IEnumerable<int> Seeds(int byDefault) => Enumerable.Range(Read("FUZZ_SEED", 1), Read("FUZZ_SEEDS", byDefault));

    /// <summary>Number of operations for each seed.</summary>
    /// <param name="byDefault">How many in the short form.</param>
    public static int Operations(int byDefault) => Read("FUZZ_OPERATIONS", byDefault);

    private static int Read(string variable, int byDefault) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : byDefault;
}
