using System.Diagnostics.CodeAnalysis;

namespace Registry.Core.Oci;

/// <summary>
/// Name of a repository: path components of lower-case letters and digits, joined inside by one dot, one or two underscores
/// or any number of dashes, and separated by slashes (OCI distribution-spec, "Pulling manifests"); at most 255 characters.
/// </summary>
public readonly record struct RepositoryName
{
    /// <summary>Length of the longest accepted name, in characters: the limit of most clients for host and name together.</summary>
    public const int MaxLength = 255;

    private RepositoryName(string value) => Value = value;

    /// <summary>The name as written.</summary>
    public string Value { get; }

    /// <summary>Parses a name; false for anything outside the grammar.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RepositoryName name)
    {
        name = default;
        if (!IsValid(text))
        {
            return false;
        }

        name = new RepositoryName(text.ToString());
        return true;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, out RepositoryName)"/>
    /// <remarks>Allocates nothing: the name keeps the string.</remarks>
    public static bool TryParse([NotNullWhen(true)] string? text, out RepositoryName name)
    {
        var isValid = IsValid(text);
        name = isValid ? new RepositoryName(text!) : default;
        return isValid;
    }

    /// <summary>Parses a name that is known to be well-formed.</summary>
    /// <exception cref="FormatException">The text is not a repository name.</exception>
    public static RepositoryName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' is not a repository name.");

    /// <summary>True if a text is a repository name. Allocates nothing.</summary>
    public static bool IsValid(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxLength)
        {
            return false;
        }

        var position = 0;
        while (true)
        {
            if (!TrySkipComponent(text, ref position))
            {
                return false;
            }

            if (position == text.Length)
            {
                return true;
            }

            if (text[position] != '/')
            {
                return false;
            }

            position++;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Value ?? string.Empty;

    // [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
    private static bool TrySkipComponent(ReadOnlySpan<char> text, ref int position)
    {
        while (true)
        {
            if (!TrySkipAlphanumerics(text, ref position))
            {
                return false;
            }

            var separator = SeparatorLength(text[position..]);
            if (separator == 0)
            {
                return true;
            }

            position += separator;
        }
    }

    private static bool TrySkipAlphanumerics(ReadOnlySpan<char> text, ref int position)
    {
        var start = position;
        while (position < text.Length && text[position] is (>= 'a' and <= 'z') or (>= '0' and <= '9'))
        {
            position++;
        }

        return position > start;
    }

    private static int SeparatorLength(ReadOnlySpan<char> text)
    {
        if (text.StartsWith("__"))
        {
            return 2;
        }

        if (text.StartsWith(".") || text.StartsWith("_"))
        {
            return 1;
        }

        var dashes = text.IndexOfAnyExcept('-');
        return dashes < 0 ? text.Length : dashes;
    }
}
