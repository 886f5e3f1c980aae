namespace Registry.Core.Signatures;

/// <summary>Shortens text that clients have pushed, for messages.</summary>
internal static class Shown
{
    private const int MaxLength = 100;

    /// <summary>The text without control characters, cut off.</summary>
    public static string Of(string text) => string.Concat(text.Take(MaxLength).Where(character => !char.IsControl(character))) + (text.Length > MaxLength ? "…" : string.Empty);
}
