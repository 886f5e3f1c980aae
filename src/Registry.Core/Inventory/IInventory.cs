using Registry.Core.Inventory.Records;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Inventory;

/// <summary>Lists of what the registry has, for people and scripts. Each member reads by an index, and no more rows than it returns or a limit allows.</summary>
/// <remarks>
/// The repositories are those that have a manifest. What a list shows is as recorded by the time of the answer. Every member throws <see cref="StorageException"/> when the
/// storage fails.
/// </remarks>
public interface IInventory
{
    /// <summary>Lists repositories by name.</summary>
    /// <param name="ranges">Ranges of the names, in order and without overlap.</param>
    /// <param name="after">The list begins after this name, which need not exist; null for the beginning.</param>
    /// <param name="part">Part of the names; empty for all.</param>
    /// <param name="limit">Number of repositories at most.</param>
    Task<IReadOnlyList<RepositoryRow>> ListRepositoriesAsync(IReadOnlyList<RepositoryRange> ranges, string? after, string part, int limit);

    /// <summary>Lists repositories by their last push or their size, the greatest first, and then by name, the last first.</summary>
    /// <param name="order">The order, not that of names.</param>
    /// <param name="after">The list begins after this position.</param>
    /// <param name="part">Part of the names; empty for all.</param>
    /// <param name="limit">Number of repositories at most.</param>
    Task<IReadOnlyList<RepositoryRow>> ListRepositoriesAsync(RepositoryOrder order, ListPosition after, string part, int limit);

    /// <summary>Finds repositories by an index of the parts of their names, in no particular order.</summary>
    /// <param name="part">Part of the names, three characters or more.</param>
    /// <param name="limit">Number of repositories at most.</param>
    Task<IReadOnlyList<RepositoryRow>> SearchRepositoriesAsync(string part, int limit);

    /// <summary>Counts what repositories have.</summary>
    /// <param name="ids">The repositories.</param>
    /// <param name="limit">Number at which counting ends.</param>
    Task<IReadOnlyList<RepositoryCounts>> CountAsync(IReadOnlyList<long> ids, int limit);

    /// <summary>Finds the first tag of repositories in a range, in ordinal order.</summary>
    /// <param name="ids">The repositories.</param>
    /// <param name="range">Range of the tags.</param>
    /// <returns>The repositories that have one, in no particular order.</returns>
    Task<IReadOnlyList<RepositoryTag>> FindTagsAsync(IReadOnlyList<long> ids, TagRange range);

    /// <summary>Lists tags of a repository by name; none for an unknown repository.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="range">Range of the tags.</param>
    /// <param name="limit">Number of tags at most.</param>
    Task<IReadOnlyList<TagRow>> ListTagsAsync(RepositoryName repository, TagRange range, int limit);

    /// <summary>Lists tags of a repository by the time at which they were set, the last first, and then by name, the last first; none for an unknown repository.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="prefix">Beginning of the tags; empty for all.</param>
    /// <param name="after">The list begins after this position.</param>
    /// <param name="limit">Number of tags at most.</param>
    Task<IReadOnlyList<TagRow>> ListNewestTagsAsync(RepositoryName repository, string prefix, ListPosition after, int limit);

    /// <summary>Describes manifests of a repository, in no particular order. Those that are gone are left out.</summary>
    /// <param name="ids">The manifests.</param>
    /// <param name="tags">Number of tags of each at most.</param>
    /// <param name="references">Number of references up to which the total size is computed.</param>
    Task<IReadOnlyList<ListedManifest>> DescribeAsync(IReadOnlyCollection<long> ids, int tags, int references);

    /// <summary>Finds a manifest of a repository, with what refers to it; null for an unknown one.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The manifest.</param>
    /// <param name="limit">Number of entries of each list at most.</param>
    /// <param name="referrers">Number at which the counting of referrers ends.</param>
    Task<ManifestRelations?> FindManifestAsync(RepositoryName repository, Digest digest, int limit, int referrers);

    /// <summary>Finds a blob of a repository, with the manifests that need it; null for an unknown one, and for a manifest.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="limit">Number of entries of each list at most.</param>
    Task<BlobRelations?> FindBlobAsync(RepositoryName repository, Digest digest, int limit);

    /// <summary>Lists manifests of a repository, with a tag or without, in an order of their own; none for an unknown repository.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="after">The list begins after this manifest, which may be in the trash; from its beginning for null, and for one that the repository does not have any more.</param>
    /// <param name="limit">Number of manifests at most.</param>
    /// <returns>Their ids.</returns>
    Task<IReadOnlyList<long>> ListManifestsAsync(RepositoryName repository, Digest? after, int limit);

    /// <summary>Finds manifests by the beginning of their digest, in all repositories and in no particular order.</summary>
    /// <param name="start">The beginning: so long that few digests have it.</param>
    /// <param name="limit">Number of manifests at most; one that several repositories have counts for each.</param>
    Task<IReadOnlyList<DigestRow>> FindDigestsAsync(string start, int limit);

    /// <summary>Finds blobs by the beginning of their digest, in all repositories and in no particular order.</summary>
    /// <param name="start">The beginning: so long that few digests have it.</param>
    /// <param name="limit">Number of blobs at most; one that several repositories have counts for each.</param>
    Task<IReadOnlyList<DigestRow>> FindBlobsAsync(string start, int limit);

    /// <summary>
    /// Finds the blob with the beginning of a digest in some repositories, in no particular order. Each of them is asked, also when nothing stored has the digest, so that the time tells
    /// nothing of other repositories.
    /// </summary>
    /// <param name="start">The beginning. Of several digests that have it, the first one is taken.</param>
    /// <param name="ids">The repositories.</param>
    Task<IReadOnlyList<DigestRow>> FindBlobsAsync(string start, IReadOnlyList<long> ids);
}
