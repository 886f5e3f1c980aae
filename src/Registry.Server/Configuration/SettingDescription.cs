namespace Registry.Server.Configuration;

/// <summary>What the help says about a setting.</summary>
/// <param name="Default">The text of its default; null without one.</param>
/// <param name="Allowed">What it may be, for people; null for any text.</param>
/// <param name="Words">The words it may be, when it is one of some words.</param>
internal sealed record SettingDescription(string? Default, string? Allowed, IReadOnlyList<string> Words);
