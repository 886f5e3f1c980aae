namespace Registry.Server.Configuration;

/// <summary>A setting as it is in force.</summary>
/// <param name="Name">The environment variable.</param>
/// <param name="Value">Its text, fit to be printed: a secret is masked. Null when it is not set and has no default.</param>
/// <param name="Origin">Who has set it.</param>
/// <param name="File">The file that it is from; null for others.</param>
/// <param name="Line">The line of the file, from 1; null for others.</param>
public sealed record EffectiveSetting(string Name, string? Value, SettingOrigin Origin, string? File, int? Line);
