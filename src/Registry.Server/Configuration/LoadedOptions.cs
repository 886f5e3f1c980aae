namespace Registry.Server.Configuration;

/// <summary>What the environment says.</summary>
/// <param name="Options">The settings; the defaults where a value is at fault.</param>
/// <param name="Faults">What keeps the registry from starting, one line each.</param>
/// <param name="Warnings">What the operator should know, one line each.</param>
public sealed record LoadedOptions(RegistryOptions Options, IReadOnlyList<string> Faults, IReadOnlyList<string> Warnings);
