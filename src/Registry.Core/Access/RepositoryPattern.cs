using Registry.Core.Oci;

namespace Registry.Core.Access;

/// <summary>
/// A pattern of the access rules: <c>*</c> stands for any characters within one path segment, <c>**</c> for any characters at all. So
/// <c>org/**</c> is everything below <c>org</c>, and not <c>org</c> itself.
/// </summary>
public sealed class RepositoryPattern
{
    /// <summary>The longest pattern, in characters; bounds the work of a match.</summary>
    public const int MaxLength = 512;

    private readonly Token[] _tokens;

    private RepositoryPattern(string text, Token[] tokens)
    {
        Text = text;
        _tokens = tokens;
        var wildcard = text.IndexOf('*', StringComparison.Ordinal);
        Range = wildcard < 0 ? RepositoryRange.Of(text) : RepositoryRange.StartingWith(text[..wildcard]);
        CoversRange = wildcard < 0 || text[wildcard..] == "**";
    }

    /// <summary>The pattern as it is written.</summary>
    public string Text { get; }

    /// <summary>Where all names that match are; others may be there, too.</summary>
    public RepositoryRange Range { get; }

    /// <summary>Whether every name in <see cref="Range"/> matches.</summary>
    public bool CoversRange { get; }

    /// <summary>
    /// Parses a pattern; null when it holds a character that no repository name has, or a slash where none has one: it would match nothing, and a
    /// rule that forbids something would not.
    /// </summary>
    public static RepositoryPattern? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > MaxLength || text[0] == '/' || text[^1] == '/' || text.Contains("//", StringComparison.Ordinal))
        {
            return null;
        }

        var tokens = new List<Token>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '*')
            {
                var isDouble = i + 1 < text.Length && text[i + 1] == '*';
                tokens.Add(new Token(isDouble ? Kind.Any : Kind.WithinSegment, c));
                i += isDouble ? 1 : 0;
            }
            else if (c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '_' or '-' or '/')
            {
                tokens.Add(new Token(Kind.Literal, c));
            }
            else
            {
                return null;
            }
        }

        return new RepositoryPattern(text, [.. tokens]);
    }

    /// <summary>Whether a name matches. Takes time in proportion to the two lengths, whatever the pattern.</summary>
    public bool Matches(RepositoryName name)
    {
        if (CoversRange || !Range.Contains(name.Value))
        {
            return Range.Contains(name.Value);
        }

        // reached[i]: the tokens read so far match the first i characters.
        var text = name.Value.AsSpan();
        Span<bool> reached = stackalloc bool[RepositoryName.MaxLength + 1];
        reached = reached[..(text.Length + 1)];
        reached.Clear();
        reached[0] = true;
        foreach (var token in _tokens)
        {
            if (token.Kind == Kind.Literal)
            {
                for (var i = text.Length; i > 0; i--)
                {
                    reached[i] = reached[i - 1] && text[i - 1] == token.Character;
                }

                reached[0] = false;
                continue;
            }

            for (var i = 1; i <= text.Length; i++)
            {
                reached[i] |= reached[i - 1] && (token.Kind == Kind.Any || text[i - 1] != '/');
            }
        }

        return reached[text.Length];
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private enum Kind
    {
        Literal,
        WithinSegment,
        Any,
    }

    private readonly record struct Token(Kind Kind, char Character);
}
