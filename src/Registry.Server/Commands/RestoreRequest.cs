namespace Registry.Server.Commands;

/// <summary>What <c>registry restore</c> is asked for.</summary>
/// <param name="Folder">Where the backup is.</param>
/// <param name="Generation">The name of the generation; null for the last one.</param>
/// <param name="IsJson">Whether the report is printed as JSON.</param>
internal sealed record RestoreRequest(string Folder, string? Generation = null, bool IsJson = false);
