using System.Buffers;

namespace Registry.Server.Web.Images;

/// <summary>Platforms of an index that a client can ask for with <c>--platform</c>, in the order of the index.</summary>
internal static class PlatformChoice
{
    /// <summary>Greatest number of platforms of a choice.</summary>
    public const int Most = 32;

    private const int LongestName = 64;

    // Builders name so what is no image, such as an attestation.
    private const string Unknown = "unknown/unknown";

    // A platform is written into commands that people copy, so it is nothing that a shell interprets.
    private static readonly SearchValues<char> Characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/");

    /// <summary>Lists the platforms. Of several manifests for one platform, clients take the first.</summary>
    public static IReadOnlyList<ImageChild> Of(ImageView index) =>
        [.. index.Children.Where(child => IsPlatform(child.Platform)).DistinctBy(child => child.Platform, StringComparer.Ordinal).Take(Most)];

    private static bool IsPlatform(string name) => name.Length is > 0 and <= LongestName && name != Unknown && char.IsAsciiLetterOrDigit(name[0]) && name.Contains('/', StringComparison.Ordinal)
        && !name.AsSpan().ContainsAnyExcept(Characters);
}
