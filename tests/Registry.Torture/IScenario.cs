namespace Registry.Torture;

/// <summary>A kind of fault, and what must hold under it.</summary>
public interface IScenario
{
    /// <summary>Name for choosing and recording the scenario.</summary>
    string Name { get; }

    /// <summary>Rows of docs/trust.md that it tests.</summary>
    string Rows { get; }

    /// <summary>Short description.</summary>
    string Subject { get; }

    /// <summary>The Debian packages it needs, as program and package.</summary>
    IReadOnlyList<(string Program, string Package)> Needs { get; }

    /// <summary>Runs it.</summary>
    /// <returns>What was counted.</returns>
    /// <exception cref="ViolationException">A promise was not kept.</exception>
    Task<string> RunAsync(TortureRun run);
}
