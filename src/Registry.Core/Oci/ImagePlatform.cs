using System.Text.Json;

namespace Registry.Core.Oci;

/// <summary>
/// Platform of an image, as <c>os/architecture/variant</c> without what is not stated. Parts have letters and digits, 32 at most (OCI image-spec, config.md: values of GOOS and GOARCH).
/// </summary>
public static class ImagePlatform
{
    private const int LongestPart = 32;

    /// <summary>True for <c>os/architecture</c> and <c>os/architecture/variant</c>.</summary>
    public static bool IsValid(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split('/') is { Length: 2 or 3 } parts && parts.All(IsPart);
    }

    /// <summary>True if an image of a platform is one of another, which may leave the variant open.</summary>
    public static bool Matches(string? platform, string wanted) => platform == wanted || platform?.StartsWith($"{wanted}/", StringComparison.Ordinal) == true;

    /// <summary>Reads the platform of a descriptor or a config; null if it states none. Attestations of buildkit have the platform unknown/unknown.</summary>
    public static string? Read(JsonElement value) => Part(value, "os") is { } os && os != "unknown"
        ? string.Join('/', new[] { os, Part(value, "architecture"), Part(value, "variant") }.Where(part => !string.IsNullOrEmpty(part)))
        : null;

    /// <summary>Reads the platforms of the manifests that an index lists, with their digests, in its order; empty for what is no index.</summary>
    public static IReadOnlyList<(string? Digest, string? Platform)> ReadIndex(JsonElement index) => index.Member("manifests") is { ValueKind: JsonValueKind.Array } manifests
        ? [.. manifests.EnumerateArray().Select(entry => (entry.Text("digest"), entry.Member("platform") is { } platform ? Read(platform) : null))]
        : [];

    private static string? Part(JsonElement value, string name) => value.Text(name) is { } text && (text.Length == 0 || IsPart(text)) ? text : null;

    private static bool IsPart(string text) => text.Length is > 0 and <= LongestPart && text.All(char.IsAsciiLetterOrDigit);
}
