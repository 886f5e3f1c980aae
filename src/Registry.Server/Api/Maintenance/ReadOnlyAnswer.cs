namespace Registry.Server.Api.Maintenance;

/// <summary>Read-only mode of the registry.</summary>
/// <param name="ReadOnly">True while it is on.</param>
internal sealed record ReadOnlyAnswer(bool ReadOnly);
