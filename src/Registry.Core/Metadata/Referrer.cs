using Registry.Core.Oci;

namespace Registry.Core.Metadata;

/// <summary>An entry of the referrers listing (OCI distribution-spec, "Listing Referrers").</summary>
/// <param name="Digest">The manifest that has the subject.</param>
/// <param name="MediaType">Its media type.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="ArtifactType">Its artifact type; null for an index without one.</param>
/// <param name="Annotations">
/// Its annotations as a JSON object in UTF-8, as they are stored and sent: a listing has up to 4 MiB of them, and text would take twice as much. Empty
/// without any.
/// </param>
public sealed record Referrer(Digest Digest, string MediaType, long Size, string? ArtifactType, ReadOnlyMemory<byte> Annotations)
{
    /// <summary>
    /// The most annotations that a listing repeats of one manifest, in bytes. A page has at most 4 MiB, so larger ones, which need a higher
    /// REGISTRY_MANIFEST_MAX_SIZE, are in the manifest only.
    /// </summary>
    public const int MaxAnnotationBytes = (4 * 1024 * 1024) - (64 * 1024);

    /// <summary>
    /// Length of the longest artifact type that a listing repeats, in bytes. A media type has at most 127 characters before its slash and 127 behind
    /// it (RFC 6838, section 4.2).
    /// </summary>
    public const int MaxArtifactTypeBytes = 255;

    /// <summary>The most annotations that are read at once, in bytes.</summary>
    public const int MaxBatchSize = 4 * 1024 * 1024;

    /// <inheritdoc/>
    public bool Equals(Referrer? other) =>
        other is not null && Digest == other.Digest && MediaType == other.MediaType && Size == other.Size && ArtifactType == other.ArtifactType
        && Annotations.Span.SequenceEqual(other.Annotations.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Digest, MediaType, Size, ArtifactType);
}
