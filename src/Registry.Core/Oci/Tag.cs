using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Registry.Core.Oci;

/// <summary>
/// Name of a tag: a letter, digit or underscore, then up to 127 letters, digits, dots, underscores or dashes
/// (OCI distribution-spec, "Pulling manifests").
/// </summary>
public readonly record struct Tag
{
    /// <summary>Length of the longest tag, in characters.</summary>
    public const int MaxLength = 128;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    private Tag(string value) => Value = value;

    /// <summary>The tag as written.</summary>
    public string Value { get; }

    /// <summary>Parses a tag; false for anything outside the grammar.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Tag tag)
    {
        var isValid = IsValid(text);
        tag = isValid ? new Tag(text.ToString()) : default;
        return isValid;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, out Tag)"/>
    /// <remarks>Allocates nothing: the tag keeps the string.</remarks>
    public static bool TryParse([NotNullWhen(true)] string? text, out Tag tag)
    {
        var isValid = IsValid(text);
        tag = isValid ? new Tag(text!) : default;
        return isValid;
    }

    /// <summary>Parses a tag that is known to be well-formed.</summary>
    /// <exception cref="FormatException">The text is not a tag.</exception>
    public static Tag Parse(string text) => TryParse(text, out var tag) ? tag : throw new FormatException($"'{text}' is not a tag.");

    /// <inheritdoc/>
    public override string ToString() => Value ?? string.Empty;

    private static bool IsValid(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= MaxLength && text[0] is not ('.' or '-') && !text.ContainsAnyExcept(Allowed);
}
