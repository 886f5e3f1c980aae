using Microsoft.Extensions.Primitives;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Server.Http;

/// <summary>Entity tags (RFC 9110, section 8.8.3): the digest in quotes, always strong, since the bytes never change.</summary>
internal static class EntityTags
{
    private static readonly RecentText Recent = new();

    public static string Of(Digest digest)
    {
        var value = digest.Value;
        Span<char> tag = stackalloc char[RecentText.MaxLength];
        tag = tag[..(value.Length + 2)];
        tag[0] = '"';
        value.CopyTo(tag[1..]);
        tag[^1] = '"';
        return Recent.Get(tag);
    }

    /// <summary>Whether If-None-Match says that the client has this content already; a weak tag will do (RFC 9110, section 13.1.2).</summary>
    public static bool IsFresh(StringValues ifNoneMatch, Digest digest) =>
        Parse(ifNoneMatch, acceptsWeak: true) is { } tags && (tags.Count == 0 || tags.Contains(digest.Value));

    /// <summary>Whether If-Match rules this content out; a weak tag never matches (RFC 9110, section 13.1.1).</summary>
    public static bool IsRuledOut(StringValues ifMatch, Digest digest) =>
        Parse(ifMatch, acceptsWeak: false) is { Count: > 0 } tags && !tags.Contains(digest.Value);

    /// <summary>The condition of a change.</summary>
    public static Precondition Precondition(StringValues ifMatch, StringValues ifNoneMatch) =>
        ifMatch.Count == 0 && ifNoneMatch.Count == 0
            ? Core.Storage.Precondition.None
            : new Precondition { Match = Parse(ifMatch, acceptsWeak: false), NoneMatch = Parse(ifNoneMatch, acceptsWeak: true) };

    // Null without the header, an empty list for "*". Quotes are optional, for people with curl. A tag that equals no digest stays in the
    // list, since a list without any would be the "*" that was not sent.
    private static List<string>? Parse(StringValues header, bool acceptsWeak)
    {
        if (header.Count == 0)
        {
            return null;
        }

        var tags = header.SelectMany(line => (line ?? string.Empty).Split(',', StringSplitOptions.TrimEntries)).ToList();
        return tags is ["*"] ? [] : tags.ConvertAll(tag => Unquote(tag, acceptsWeak));
    }

    private static string Unquote(string tag, bool acceptsWeak)
    {
        if (tag.StartsWith("W/", StringComparison.Ordinal))
        {
            return acceptsWeak ? tag[2..].Trim('"') : tag;
        }

        return tag.Trim('"');
    }
}
