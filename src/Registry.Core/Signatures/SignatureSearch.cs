using Registry.Core.Inventory;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Signatures;

/// <summary>
/// Searches a repository for a valid signature of an image: under the tag that cosign gives it, among the referrers of the image, and of the indexes that list it. Each search reads a
/// bounded number of manifests, whatever clients have pushed.
/// </summary>
/// <param name="metadata">Repositories and manifests.</param>
/// <param name="inventory">Finds the indexes that list a manifest.</param>
/// <param name="contents">Their content.</param>
internal sealed class SignatureSearch(IMetadataStore metadata, IInventory inventory, ContentInspection contents)
{
    /// <summary>Number of indexes that are searched for a signature.</summary>
    public const int MaxIndexes = 32;

    private const int ReferrersAtATime = 200;
    private const int MaxPages = 10;

    private readonly SignatureManifests _manifests = new(contents);

    /// <summary>Finds a valid signature of an image.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="image">The image, which the repository has.</param>
    /// <param name="keys">Keys of which one must have signed.</param>
    /// <param name="seen">Gets the signatures that were read, in order.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    /// <returns>What the image is signed by; null if it is not.</returns>
    public async Task<HeldSignature?> FindAsync(
        RepositoryName repository, Digest image, IReadOnlyList<SigningKey> keys, ICollection<SeenSignature> seen, CancellationToken cancellationToken)
    {
        // The image first, then the indexes that list it, then those that list these.
        var paths = new Queue<IReadOnlyList<Digest>>([[image]]);
        var known = new HashSet<Digest> { image };
        while (paths.TryDequeue(out var path))
        {
            if (await FindOwnAsync(repository, path[0], keys, seen, cancellationToken) is { } signature)
            {
                return new HeldSignature([signature, .. path.SkipLast(1).Select(index => ((Reference)index, index))]);
            }

            foreach (var index in await ListIndexesAsync(repository, path[0], MaxIndexes + 1 - known.Count))
            {
                if (known.Add(index))
                {
                    paths.Enqueue([index, .. path]);
                }
            }
        }

        return null;
    }

    private async Task<(Reference Reference, Digest Digest)?> FindOwnAsync(
        RepositoryName repository, Digest image, IReadOnlyList<SigningKey> keys, ICollection<SeenSignature> seen, CancellationToken cancellationToken)
    {
        if (SignatureNames.TagOf(image) is { } tag && await metadata.FindManifestAsync(repository, tag) is { } tagged
            && await IsValidAsync(tagged, tag))
        {
            return (tag, tagged.Digest);
        }

        foreach (var digest in await ListReferrersAsync(repository, image))
        {
            if (await metadata.FindManifestAsync(repository, digest) is { } referrer && await IsValidAsync(referrer, null))
            {
                return (digest, digest);
            }
        }

        return null;

        async Task<bool> IsValidAsync(StoredManifest holder, Tag? by)
        {
            var (key, fault) = await _manifests.VerifyAsync(repository, holder, image, keys, cancellationToken);
            seen.Add(new SeenSignature(holder.Digest, by, key, fault));
            return key is not null;
        }
    }

    private async Task<List<Digest>> ListReferrersAsync(RepositoryName repository, Digest image)
    {
        var found = new List<Digest>();
        foreach (var type in SignatureNames.ReferrerTypes)
        {
            Page<Referrer>? page = null;
            for (var pages = 0; pages < MaxPages && found.Count < SignatureNames.MaxManifests && page is null or { HasMore: true, Items.Count: > 0 }; pages++)
            {
                page = await metadata.ListReferrersAsync(repository, image, type, page?.Items[^1].Digest, ReferrersAtATime);
                found.AddRange(page.Items.Where(SignatureNames.MayHold).Select(referrer => referrer.Digest).Take(SignatureNames.MaxManifests - found.Count));
            }
        }

        return found;
    }

    private async Task<List<Digest>> ListIndexesAsync(RepositoryName repository, Digest child, int limit)
    {
        var indexes = new List<Digest>();
        if (limit > 0 && await inventory.FindManifestAsync(repository, child, limit, referrers: 1) is { } relations)
        {
            foreach (var parent in relations.Parents)
            {
                if (await metadata.FindManifestAsync(repository, parent) is { } index && MediaTypes.IsIndex(index.MediaType))
                {
                    indexes.Add(parent);
                }
            }
        }

        return indexes;
    }
}
