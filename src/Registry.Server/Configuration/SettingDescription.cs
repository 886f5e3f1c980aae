namespace Registry.Server.Configuration;

/// <summary>Help of a setting.</summary>
/// <param name="Default">The text of its default; null without one.</param>
/// <param name="Allowed">Allowed values, in words; null for any text.</param>
/// <param name="Words">Allowed words; empty when the values are not a list of words.</param>
internal sealed record SettingDescription(string? Default, string? Allowed, IReadOnlyList<string> Words);
