namespace Registry.Server.Commands;

/// <summary>Version of the program.</summary>
internal sealed record VersionAnswer(string Version);
