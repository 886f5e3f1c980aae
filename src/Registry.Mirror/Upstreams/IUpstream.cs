using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Mirror.Upstreams.Requests;

namespace Registry.Mirror.Upstreams;

/// <summary>
/// A registry that is mirrored, as a client sees it. It retries passing faults, and refuses at once while the registry does not work. No member throws for what an upstream
/// does: that is an <see cref="UpstreamFault"/>. A cancelled call throws.
/// </summary>
internal interface IUpstream
{
    /// <summary>The configuration.</summary>
    UpstreamSettings Settings { get; }

    /// <summary>Fault because of which nothing is sent at the moment; null if requests are sent.</summary>
    UpstreamFault? Away { get; }

    /// <summary>Time of the first fault because of which nothing is sent; null if requests are sent.</summary>
    DateTimeOffset? AwaySince { get; }

    /// <summary>Counts of the requests.</summary>
    UpstreamCounters Counters { get; }

    /// <summary>Asks for a manifest without its bytes (HEAD; GET where HEAD has no digest).</summary>
    /// <param name="repository">Name at the upstream.</param>
    /// <param name="reference">Tag or digest.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    Task<UpstreamResult<UpstreamManifest>> FindManifestAsync(string repository, Reference reference, CancellationToken cancellationToken);

    /// <summary>Gets a manifest with its bytes, which have its digest, and for a digest that of the reference.</summary>
    /// <inheritdoc cref="FindManifestAsync"/>
    Task<UpstreamResult<UpstreamManifest>> GetManifestAsync(string repository, Reference reference, CancellationToken cancellationToken);

    /// <summary>Asks for the size of a blob in bytes.</summary>
    /// <param name="repository">Name at the upstream.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    Task<UpstreamResult<long>> FindBlobAsync(string repository, Digest digest, CancellationToken cancellationToken);

    /// <summary>Opens the bytes of a blob from a position on, following redirects. They are not verified.</summary>
    /// <param name="repository">Name at the upstream.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="offset">Position of the first byte.</param>
    /// <param name="length">Number of bytes, at least 1; null for all that follow.</param>
    /// <param name="cancellationToken">Ends the request; not the reading of the bytes.</param>
    Task<UpstreamResult<UpstreamBlob>> OpenBlobAsync(string repository, Digest digest, long offset, long? length, CancellationToken cancellationToken);

    /// <summary>Gets a page of the tags, as the upstream answers it, of at most 4 MiB.</summary>
    /// <param name="repository">Name at the upstream.</param>
    /// <param name="last">Tag after which the page begins; null for the first.</param>
    /// <param name="limit">Number of tags; null for the upstream's own.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    Task<UpstreamResult<UpstreamTags>> ListTagsAsync(string repository, string? last, int? limit, CancellationToken cancellationToken);

    /// <summary>
    /// Gets the referrers of a manifest as an image index, all pages together, of at most 4 MiB; from the tag of the fallback where the upstream has no API (OCI
    /// distribution-spec, "Unavailable Referrers API").
    /// </summary>
    /// <param name="repository">Name at the upstream.</param>
    /// <param name="subject">The manifest.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    Task<UpstreamResult<ReadOnlyMemory<byte>>> ListReferrersAsync(string repository, Digest subject, CancellationToken cancellationToken);
}
