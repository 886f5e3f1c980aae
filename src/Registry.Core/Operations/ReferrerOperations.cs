using Registry.Core.Errors;
using Registry.Core.Maintenance;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Operations;

/// <summary>Lists the manifests whose subject is a given manifest.</summary>
public sealed class ReferrerOperations(IMetadataStore metadata, TreeIndexer indexer)
{
    // Clients must accept manifests of 4 MiB (OCI distribution-spec, "Pushing Manifests"); the listing is one.
    private const int MaxPageBytes = 4 * 1024 * 1024;

    // Size of a descriptor beside its counted strings: punctuation, keys, digest and size.
    private const int DescriptorOverhead = 256;
    private const int BatchSize = 500;

    /// <summary>Lists a page of referrers in the order of their digests; empty if there are none, for any reason.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="subject">Subject of the referrers; it need not exist.</param>
    /// <param name="artifactType">Lists only referrers of this type; null for all.</param>
    /// <param name="last">The page begins after this digest; it need not exist.</param>
    public async Task<Result<Page<Referrer>>> ListAsync(RepositoryName repository, Digest subject, string? artifactType, Digest? last)
    {
        await indexer.EnsureAsync(repository);
        var referrers = new List<Referrer>();
        var bytes = 0;
        while (true)
        {
            var batch = await metadata.ListReferrersAsync(repository, subject, artifactType, last, BatchSize);
            foreach (var referrer in batch.Items)
            {
                bytes += DescriptorOverhead + Size(referrer);
                if (bytes > MaxPageBytes && referrers.Count > 0)
                {
                    return new Page<Referrer>(referrers, true);
                }

                referrers.Add(referrer);
            }

            if (!batch.HasMore)
            {
                return new Page<Referrer>(referrers, false);
            }

            last = referrers[^1].Digest;
        }
    }

    // JSON may escape one character as six.
    private static int Size(Referrer referrer) =>
        referrer.MediaType.Length + (6 * (referrer.ArtifactType?.Length ?? 0)) + System.Text.Encoding.UTF8.GetByteCount(referrer.Annotations ?? "");
}
