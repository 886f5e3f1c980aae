namespace Registry.Server.Commands.Backup;

/// <summary>Arguments of <c>registry restore</c>.</summary>
/// <param name="Folder">Folder of the backup.</param>
/// <param name="Generation">The name of the generation; null for the last one.</param>
/// <param name="IsJson">True to print the report as JSON.</param>
internal sealed record RestoreRequest(string Folder, string? Generation = null, bool IsJson = false);
