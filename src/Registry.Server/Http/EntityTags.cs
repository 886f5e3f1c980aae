using System.Globalization;
using Microsoft.Extensions.Primitives;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Server.Http;

/// <summary>Entity tags (RFC 9110, section 8.8.3): the digest, or a number, in quotes. Always strong, since the bytes of a digest never change.</summary>
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

    /// <summary>The entity tag of what has a number.</summary>
    public static string Of(long id) => string.Create(CultureInfo.InvariantCulture, $"\"{id}\"");

    /// <summary>Reads the condition of a change of what has a number: a function that is true for the numbers that match; null if any does.</summary>
    public static Func<long, bool>? Condition(StringValues ifMatch) =>
        Parse(ifMatch, acceptsWeak: false) is { Count: > 0 } tags ? id => tags.Contains(id.ToString(CultureInfo.InvariantCulture)) : null;

    /// <summary>True when If-None-Match matches, so the client has this content already. Weak tags match, too (RFC 9110, section 13.1.2).</summary>
    public static bool IsFresh(StringValues ifNoneMatch, Digest digest) =>
        Parse(ifNoneMatch, acceptsWeak: true) is { } tags && (tags.Count == 0 || tags.Contains(digest.Value));

    /// <summary>True when If-Match excludes this content. Weak tags never match (RFC 9110, section 13.1.1).</summary>
    public static bool IsRuledOut(StringValues ifMatch, Digest digest) =>
        Parse(ifMatch, acceptsWeak: false) is { Count: > 0 } tags && !tags.Contains(digest.Value);

    /// <summary>Reads the condition of a change.</summary>
    public static Precondition Precondition(StringValues ifMatch, StringValues ifNoneMatch) =>
        ifMatch.Count == 0 && ifNoneMatch.Count == 0
            ? Core.Metadata.Precondition.None
            : new Precondition { Match = Parse(ifMatch, acceptsWeak: false), NoneMatch = Parse(ifNoneMatch, acceptsWeak: true) };

    // Null without the header, an empty list for "*". Quotes are optional, for use with curl. A tag that is not a digest stays in the list,
    // since an empty list would mean "*".
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
