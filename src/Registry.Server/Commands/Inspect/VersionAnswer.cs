namespace Registry.Server.Commands.Inspect;

/// <summary>Version of the program.</summary>
internal sealed record VersionAnswer(string Version);
