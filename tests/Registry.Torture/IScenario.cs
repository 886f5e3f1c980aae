namespace Registry.Torture;

/// <summary>A kind of fault, and what must hold under it.</summary>
public interface IScenario
{
    /// <summary>How it is chosen and recorded.</summary>
    string Name { get; }

    /// <summary>The rows of docs/trust.md that it is about.</summary>
    string Rows { get; }

    /// <summary>What is done, in a few words.</summary>
    string Subject { get; }

    /// <summary>The Debian packages it needs, as program and package.</summary>
    IReadOnlyList<(string Program, string Package)> Needs { get; }

    /// <summary>Runs it.</summary>
    /// <returns>What was counted.</returns>
    /// <exception cref="ViolationException">A promise was not kept.</exception>
    Task<string> RunAsync(TortureRun run);
}
