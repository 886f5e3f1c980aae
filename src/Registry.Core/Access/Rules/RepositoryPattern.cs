using Registry.Core.Oci;

namespace Registry.Core.Access.Rules;

/// <summary>
/// A pattern of the access rules: <c>*</c> stands for any characters within one path segment, <c>**</c> for any characters at all. So
/// <c>org/**</c> matches everything below <c>org</c>, but not <c>org</c> itself.
/// </summary>
public sealed class RepositoryPattern
{
    /// <summary>Length of the longest pattern, in characters; bounds the work of a match.</summary>
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

    /// <summary>The pattern as written.</summary>
    public string Text { get; }

    /// <summary>Range that contains all matching names, and perhaps others.</summary>
    public RepositoryRange Range { get; }

    /// <summary>True if every name in <see cref="Range"/> matches.</summary>
    public bool CoversRange { get; }

    /// <summary>
    /// Parses a pattern; null if it contains a character that no repository name has, or a misplaced slash. Such a pattern would match nothing,
    /// and a rule that denies would deny nothing.
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

    /// <summary>True if a name matches. Takes time proportional to the product of the two lengths, whatever the pattern.</summary>
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
