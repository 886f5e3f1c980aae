namespace Registry.Server.Commands;

/// <summary>What <c>registry restore</c> is asked for.</summary>
/// <param name="Folder">Where the backup is.</param>
/// <param name="IsJson">Whether the report is printed as JSON.</param>
internal sealed record RestoreRequest(string Folder, bool IsJson = false);
