using Registry.Server.Tests.Transport.Fixtures;

namespace Registry.Server.Tests.Transport.Exchanges;

/// <summary>One side's turn in an exchange.</summary>
internal delegate Task Step(Wire wire);

/// <summary>Row of the table: actions of a client, and the reactions of a server.</summary>
/// <param name="Name">Description of the case.</param>
/// <param name="Steps">Turns of both sides.</param>
internal sealed record Exchange(string Name, params IReadOnlyList<Step> Steps)
{
    /// <summary>Receive buffer of the client, in bytes; null for the system's default.</summary>
    public int? ReceiveBuffer { get; init; }

    /// <summary>True when the registry requires a password.</summary>
    public bool IsGuarded { get; init; }

    /// <summary>True when the row means something else with TLS, where the handshake decides between versions of HTTP.</summary>
    public bool IsClearTextOnly { get; init; }

    public override string ToString() => Name;

    /// <summary>Plays the client.</summary>
    /// <returns>All received bytes, as text.</returns>
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
