using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Listings;

/// <summary>Lists the manifests whose subject is a given manifest.</summary>
public sealed class ReferrerOperations(IMetadataStore metadata)
{
    /// <summary>
    /// Size of the largest page, in bytes. Clients must accept manifests of 4 MiB (OCI distribution-spec, "Pushing Manifests"); the listing is one.
    /// </summary>
    public const int MaxPageBytes = 4 * 1024 * 1024;

    // Size of a descriptor beside its counted strings: punctuation, keys, digest and size.
    private const int DescriptorOverhead = 256;
    private const int BatchSize = 500;

    /// <summary>Lists a page of referrers in the order of their digests; empty if there are none, for any reason.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="subject">Subject of the referrers; it need not exist.</param>
    /// <param name="artifactType">Lists only referrers of this type; null for all.</param>
    /// <param name="last">The page begins after this digest; it need not exist.</param>
    /// <param name="maxBytes">Size of the page, at most <see cref="MaxPageBytes"/>. A smaller page may be empty, and have more.</param>
    public async Task<Result<Page<Referrer>>> ListAsync(
        RepositoryName repository, Digest subject, string? artifactType, Digest? last, int maxBytes = MaxPageBytes)
    {
        var referrers = new List<Referrer>();
        var bytes = 0;
        while (true)
        {
            var batch = await metadata.ListReferrersAsync(
                repository, subject, artifactType, last, Math.Min(BatchSize, maxBytes / DescriptorOverhead), maxBytes - bytes);
            foreach (var referrer in batch.Items)
            {
                bytes += DescriptorOverhead + Size(referrer);
                if (bytes > maxBytes && (referrers.Count > 0 || maxBytes < MaxPageBytes))
                {
                    return new Page<Referrer>(referrers, true);
                }

                referrers.Add(referrer);
            }

            if (!batch.HasMore || batch.Items.Count == 0)
            {
                return new Page<Referrer>(referrers, batch.HasMore);
            }

            last = referrers[^1].Digest;
        }
    }

    // JSON may escape one character as six.
    private static int Size(Referrer referrer) =>
        referrer.MediaType.Length + (6 * (referrer.ArtifactType?.Length ?? 0)) + referrer.Annotations.Length;
}
