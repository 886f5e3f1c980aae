namespace Registry.Server.Tests.Transport;

/// <summary>One side's turn in an exchange.</summary>
internal delegate Task Step(Wire wire);

/// <summary>A row of the table: what a client does, and what a server does then.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Steps">Turn by turn.</param>
internal sealed record Exchange(string Name, params IReadOnlyList<Step> Steps)
{
    /// <summary>How much the client takes before it reads, in bytes; null for what the system gives.</summary>
    public int? ReceiveBuffer { get; init; }

    /// <summary>Whether the registry asks for a password.</summary>
    public bool IsGuarded { get; init; }

    public override string ToString() => Name;

    /// <summary>Plays the client.</summary>
    /// <returns>Everything that came back.</returns>
    public async Task<string> RunAsync(TestRegistry registry)
    {
        using var wire = await Wire.OpenAsync(registry, ReceiveBuffer);
        foreach (var step in Steps)
        {
            await step(wire);
        }

        return wire.Transcript;
    }
}
