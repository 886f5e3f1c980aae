using System.IO.Enumeration;
using Registry.Core.Oci;

namespace Registry.Core.Policies.Rules;

/// <summary>A pattern of tags: <c>*</c> stands for any characters. Case matters, as it does in tags.</summary>
public sealed record TagPattern
{
    /// <summary>Length of the longest pattern, in characters; bounds the work of a match.</summary>
    public const int MaxLength = 2 * Tag.MaxLength;

    private TagPattern(string text) => Text = text;

    /// <summary>The pattern as written.</summary>
    public string Text { get; }

    /// <summary>Parses a pattern; null if it contains a character that no tag has there. Such a pattern would match nothing, and protect nothing.</summary>
    public static TagPattern? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var isPattern = text.Length is > 0 and <= MaxLength && text[0] is not ('.' or '-')
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '*');
        return isPattern ? new TagPattern(text) : null;
    }

    /// <summary>True if a tag matches.</summary>
    public bool Matches(Tag tag) => FileSystemName.MatchesSimpleExpression(Text, tag.Value, ignoreCase: false);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
