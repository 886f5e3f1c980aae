namespace Registry.Server.Configuration;

/// <summary>Value that a source has for a setting.</summary>
/// <param name="Text">Text of the value.</param>
/// <param name="Origin">Its source.</param>
/// <param name="Line">Line of the file, from 1; 0 for other sources.</param>
public readonly record struct SettingValue(string Text, SettingOrigin Origin, int Line = 0);
