namespace Registry.Server.Http;

/// <summary>
/// Cache of strings that requests repeat: names, tags, digests and entity tags. The same text mostly gets the same string, so a repeated
/// request allocates none. Each slot holds the last text with its hash, so there is no eviction and no lock.
/// </summary>
internal sealed class RecentText
{
    /// <summary>Length of the longest cached text, in characters: the longest repository name. An entity tag of SHA-512 has 137.</summary>
    public const int MaxLength = Core.Oci.RepositoryName.MaxLength;

    private const int Places = 2048;

    private readonly string?[] _places = new string?[Places];

    /// <summary>Returns a string of the text.</summary>
    public string Get(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxLength)
        {
            return text.ToString();
        }

        // The hash code has a random key in every process, so a client cannot choose texts that collide.
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
