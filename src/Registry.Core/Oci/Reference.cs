using System.Diagnostics.CodeAnalysis;

namespace Registry.Core.Oci;

/// <summary>Name of a manifest in its repository: a tag or a digest, never anything else.</summary>
public readonly record struct Reference
{
    private Reference(Tag? tag, Digest? digest)
    {
        Tag = tag;
        Digest = digest;
    }

    /// <summary>The tag; null for a digest.</summary>
    public Tag? Tag { get; }

    /// <summary>The digest; null for a tag.</summary>
    public Digest? Digest { get; }

    public static implicit operator Reference(Tag tag) => new(tag, null);

    public static implicit operator Reference(Digest digest) => new(null, digest);

    /// <summary>Parses a tag or a digest; false for any other text.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Reference reference)
    {
        if (Oci.Tag.TryParse(text, out var tag))
        {
            reference = tag;
            return true;
        }

        if (Oci.Digest.TryParse(text, out var digest))
        {
            reference = digest;
            return true;
        }

        reference = default;
        return false;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, out Reference)"/>
    /// <remarks>Allocates nothing: the reference keeps the string.</remarks>
    public static bool TryParse([NotNullWhen(true)] string? text, out Reference reference)
    {
        if (Oci.Tag.TryParse(text, out var tag))
        {
            reference = tag;
            return true;
        }

        var isDigest = Oci.Digest.TryParse(text, out var digest);
        reference = isDigest ? digest : default(Reference);
        return isDigest;
    }

    /// <inheritdoc/>
    public override string ToString() => Tag?.Value ?? Digest?.Value ?? string.Empty;
}
