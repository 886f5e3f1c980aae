using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Registry.Core.Oci;

/// <summary>
/// The address of content: <c>sha256:&lt;64 lower-case hex digits&gt;</c> or <c>sha512:&lt;128&gt;</c>
/// (OCI image-spec, descriptor.md, "Digests"). Any other spelling, upper-case hex included, is not a digest.
/// </summary>
public readonly record struct Digest : IComparable<Digest>
{
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private Digest(DigestAlgorithm algorithm, string value)
    {
        Algorithm = algorithm;
        Value = value;
    }

    /// <summary>Algorithm of the digest.</summary>
    public DigestAlgorithm Algorithm { get; }

    /// <summary>Algorithm, colon and hex digits.</summary>
    public string Value { get; }

    /// <summary>The hex digits alone.</summary>
    public ReadOnlySpan<char> Hex => Value.AsSpan(Algorithm.Name.Length + 1);

    /// <summary>Parses a digest; false unless it is one in a supported algorithm.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Digest digest)
    {
        var algorithm = FindAlgorithm(text);
        digest = algorithm is null ? default : new Digest(algorithm, text.ToString());
        return algorithm is not null;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, out Digest)"/>
    /// <remarks>Allocates nothing: the digest keeps the string.</remarks>
    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        var algorithm = FindAlgorithm(text);
        digest = algorithm is null ? default : new Digest(algorithm, text!);
        return algorithm is not null;
    }

    /// <summary>Parses a digest that is known to be well-formed.</summary>
    /// <exception cref="FormatException">The text is not a digest.</exception>
    public static Digest Parse(string text) =>
        TryParse(text, out var digest) ? digest : throw new FormatException($"'{text}' is not a digest.");

    /// <summary>Creates the digest for the raw hash bytes of an algorithm.</summary>
    public static Digest FromHash(DigestAlgorithm algorithm, ReadOnlySpan<byte> hash) =>
        new(algorithm, $"{algorithm.Name}:{Convert.ToHexStringLower(hash)}");

    /// <summary>
    /// True if a text that did not parse was meant as a digest rather than a tag: a tag never contains a colon.
    /// </summary>
    public static bool LooksLikeDigest([NotNullWhen(true)] string? text) => text is not null && text.Contains(':', StringComparison.Ordinal);

    /// <inheritdoc/>
    public int CompareTo(Digest other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public bool Equals(Digest other) => string.Equals(Value, other.Value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => Value is null ? 0 : Value.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Value ?? string.Empty;

    public static bool operator <(Digest left, Digest right) => left.CompareTo(right) < 0;

    public static bool operator <=(Digest left, Digest right) => left.CompareTo(right) <= 0;

    public static bool operator >(Digest left, Digest right) => left.CompareTo(right) > 0;

    public static bool operator >=(Digest left, Digest right) => left.CompareTo(right) >= 0;

    // Algorithm of a well-formed digest; null for any other text.
    private static DigestAlgorithm? FindAlgorithm(ReadOnlySpan<char> text)
    {
        var colon = text.IndexOf(':');
        if (colon < 0 || DigestAlgorithm.Find(text[..colon]) is not { } algorithm)
        {
            return null;
        }

        var hex = text[(colon + 1)..];
        return hex.Length == algorithm.HexLength && !hex.ContainsAnyExcept(LowerHex) ? algorithm : null;
    }
}
