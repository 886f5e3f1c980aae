namespace Registry.Server.Configuration;

/// <summary>Reads a text. When it returns false, the text is not a value, and what it has put out is not to be used.</summary>
internal delegate bool TextParser<T>(string text, out T value);

/// <summary>A kind of value that a setting may have: how people write it, and how the registry writes it back.</summary>
/// <param name="Allowed">The texts that are values, for people; follows "allowed: ".</param>
/// <param name="TryParse">Reads a text.</param>
/// <param name="Write">Writes a value as a text that <paramref name="TryParse"/> reads as the same value; null when the text itself is the value.</param>
internal sealed record SettingKind<T>(string Allowed, TextParser<T> TryParse, Func<T, string>? Write = null)
    where T : notnull
{
    /// <summary>All values, when there are a few words only; for completion.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];
}
