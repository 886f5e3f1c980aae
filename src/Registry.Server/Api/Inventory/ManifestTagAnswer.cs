namespace Registry.Server.Api.Inventory;

/// <summary>A tag of a manifest.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="SetAt">Time at which it was set to the manifest, in UTC (RFC 3339); null if it is unknown.</param>
/// <param name="SetBy">User who has set it; null for a caller without credentials, and if it is not recorded.</param>
internal sealed record ManifestTagAnswer(string Tag, string? SetAt, string? SetBy);
