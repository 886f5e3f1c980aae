using System.Diagnostics;

namespace Registry.Torture;

/// <summary>Arguments of a scenario.</summary>
/// <param name="Seed">What its choices come from.</param>
/// <param name="IsShort">Whether it must be over in some seconds.</param>
/// <param name="Count">How many rounds, points or cuts; null for as many as the form has.</param>
/// <param name="Point">The one point of failure to run, as a violation has named it; null for all.</param>
/// <param name="Report">Takes a line of progress.</param>
public sealed record TortureRun(int Seed, bool IsShort, int? Count, string? Point, Action<string> Report)
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Time limit; null for none.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>True when the time limit is reached.</summary>
    public bool IsOver => Limit is { } limit && Stopwatch.GetElapsedTime(_start) > limit;

    /// <summary>Number of rounds, points or cuts.</summary>
    public int Rounds(int inLongForm, int inShortForm) => Count ?? (IsShort ? inShortForm : inLongForm);

    /// <summary>Creates a source of choices that differs from number to number and is the same in a replay.</summary>
    public Random Random(int number) => new(unchecked((Seed * 1_000_003) + number));

    /// <summary>Command that repeats the run.</summary>
    public string Replay(string scenario) =>
        $"tests/torture/run --only {scenario} --seed {Seed}{(IsShort ? " --short" : "")}{(Count is { } count ? $" --count {count}" : "")}{(Point is null ? "" : $" --point {Point}")}";

    /// <summary>Selects some of many, or the requested one.</summary>
    public IReadOnlyList<T> Choose<T>(IReadOnlyList<T> all, int inShortForm)
        where T : notnull
    {
        if (Point is not null)
        {
            return [.. all.Where(item => item.ToString() == Point)];
        }

        var chosen = all.ToArray();
        Random(0).Shuffle(chosen);
        return chosen[..Math.Min(chosen.Length, Rounds(chosen.Length, inShortForm))];
    }
}
