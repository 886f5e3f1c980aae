namespace Registry.Server.Configuration;

/// <summary>A value that somebody has set.</summary>
/// <param name="Text">What was written.</param>
/// <param name="Origin">Where.</param>
/// <param name="Line">The line of the file, from 1; 0 outside of it.</param>
public readonly record struct SettingValue(string Text, SettingOrigin Origin, int Line = 0);
