namespace Registry.Server.Commands;

/// <summary>Which version this is.</summary>
internal sealed record VersionAnswer(string Version);
