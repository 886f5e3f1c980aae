namespace Registry.Server.Configuration;

/// <summary>Parses a text. When it returns false, the text is not a value and the output must not be used.</summary>
internal delegate bool TextParser<T>(string text, out T value);

/// <summary>Kind of value of a setting: its allowed texts, parser and writer.</summary>
/// <param name="Allowed">Allowed texts, in words; follows "allowed: ".</param>
/// <param name="TryParse">Parses a text.</param>
/// <param name="Write">Writes a value as a text that <paramref name="TryParse"/> parses to the same value; null when the text itself is the value.</param>
internal sealed record SettingKind<T>(string Allowed, TextParser<T> TryParse, Func<T, string>? Write = null)
    where T : notnull
{
    /// <summary>All values of a kind that has a few words only; for completion.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];
}
