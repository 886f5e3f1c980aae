namespace Registry.Torture;

/// <summary>A kind of fault, and the promises that must hold under it.</summary>
public interface IScenario
{
    /// <summary>Name for choosing and recording the scenario.</summary>
    string Name { get; }

    /// <summary>Rows of docs/trust.md that it tests.</summary>
    string Rows { get; }

    /// <summary>Short description.</summary>
    string Subject { get; }

    /// <summary>Debian packages that it needs, as program and package.</summary>
    IReadOnlyList<(string Program, string Package)> Needs { get; }

    /// <summary>Describes what a run needs that is not there, other than packages; null if nothing is missing.</summary>
    string? FindMissing(TortureRun run) => null;

    /// <summary>Runs it.</summary>
    /// <returns>Counts of the run.</returns>
    /// <exception cref="ViolationException">A promise was not kept.</exception>
    Task<string> RunAsync(TortureRun run);
}
