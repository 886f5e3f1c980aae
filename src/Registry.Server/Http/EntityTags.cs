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

    /// <summary>Whether If-None-Match says that the client has this content already.</summary>
    public static bool IsFresh(StringValues ifNoneMatch, Digest digest) =>
        Parse(ifNoneMatch) is { } tags && (tags.Count == 0 || tags.Contains(digest.Value));

    /// <summary>Whether If-Match rules this content out.</summary>
    public static bool IsRuledOut(StringValues ifMatch, Digest digest) =>
        Parse(ifMatch) is { Count: > 0 } tags && !tags.Contains(digest.Value);

    /// <summary>What a change is conditional on.</summary>
    public static Precondition Precondition(StringValues ifMatch, StringValues ifNoneMatch) =>
        ifMatch.Count == 0 && ifNoneMatch.Count == 0
            ? Core.Storage.Precondition.None
            : new Precondition { Match = Parse(ifMatch), NoneMatch = Parse(ifNoneMatch) };

    // Null without the header, an empty list for "*". Quotes are optional, for people with curl.
    private static List<string>? Parse(StringValues header)
    {
        if (header.Count == 0)
        {
            return null;
        }

        var tags = header.SelectMany(line => (line ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Select(tag => (tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag).Trim('"')).ToList();
        return tags.Contains("*") ? [] : tags.Count == 0 ? ["\0"] : tags;
    }
}
