namespace Registry.Server.Http;

/// <summary>
/// Strings for text that requests repeat: names, tags, digests and entity tags. The same text mostly gets the same string, so that a request
/// like an earlier one allocates none. Each place holds the last text that fell on it; nothing has to be evicted, and nothing is locked.
/// </summary>
internal sealed class RecentText
{
    /// <summary>The longest text that is remembered, in characters: the longest repository name. An entity tag of SHA-512 has 137.</summary>
    public const int MaxLength = Core.Oci.RepositoryName.MaxLength;

    private const int Places = 2048;

    private readonly string?[] _places = new string?[Places];

    /// <summary>A string of the text.</summary>
    public string Get(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxLength)
        {
            return text.ToString();
        }

        // The hash code is keyed anew in every process: nobody can choose texts that meet.
        ref var place = ref _places[(string.GetHashCode(text) & int.MaxValue) % Places];
        var known = Volatile.Read(ref place);
        if (known is not null && text.SequenceEqual(known))
        {
            return known;
        }

        var added = text.ToString();
        Volatile.Write(ref place, added);
        return added;
    }
}
