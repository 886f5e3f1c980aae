using System.Globalization;
using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Server.Endpoints;

/// <summary>Parameters of paths and queries that several endpoints share, with their error messages.</summary>
internal static class Parameters
{
    private const int MaxEcho = 160;

    public static RegistryError InvalidDigest(string text) =>
        new(RegistryErrorCode.DigestInvalid, $"'{Echo(text)}' is neither sha256:<64 lower-case hex digits> nor sha512:<128>");

    public static RegistryError InvalidTag(string text) =>
        new(RegistryErrorCode.TagInvalid, $"'{Echo(text)}' is not a tag: at most {Tag.MaxLength} letters, digits, '_', '.' and '-', not beginning with '.' or '-'");

    /// <summary>Parses a tag or digest. The error matches the kind that the text resembles.</summary>
    public static Result<Reference> ParseReference(string text)
    {
        if (Reference.TryParse(text, out var reference))
        {
            return reference;
        }

        return Digest.LooksLikeDigest(text) ? InvalidDigest(text) : InvalidTag(text);
    }

    /// <summary>
    /// Parses a reference to read. An invalid tag cannot exist, so it is not found: the spec's conformance program 1.1 requires 404 here.
    /// </summary>
    public static Result<Reference> ParseReferenceToRead(string text)
    {
        var parsed = ParseReference(text);
        return parsed.Error?.Code == RegistryErrorCode.TagInvalid
            ? new RegistryError(RegistryErrorCode.ManifestUnknown, parsed.Error.Details)
            : parsed;
    }

    /// <summary>Parses the size of a page: null without <c>n</c>, else 0 or more.</summary>
    public static Result<int?> ParsePageSize(IQueryCollection query)
    {
        if (!query.TryGetValue("n", out var values))
        {
            return (int?)null;
        }

        var text = values.ToString();
        if (text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            // A number beyond 32 bits exceeds the largest page, too.
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : int.MaxValue;
        }

        return new RegistryError(RegistryErrorCode.PageSizeInvalid, $"n is '{Echo(text)}'; it must be a whole number of 0 or more");
    }

    /// <summary>Cuts a text that a client chose, for a message.</summary>
    public static string Echo(string text) => text.Length <= MaxEcho ? text : $"{text[..MaxEcho]}…";
}
