using Registry.Core.Collection;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Policies.Retention;
using Registry.Core.Repositories;
using Registry.Core.Storage;
using Registry.Core.Trash;
using Registry.Core.Verification;

namespace Registry.Core.Caching;

/// <summary>
/// Cache of metadata lookups: the manifest of a tag or digest in a repository, and a blob that a repository may see, with its place, each with the time since
/// when nothing has needed it. Every change of such a result runs through this class, so that no stale result is returned (<see cref="ChangeStamps"/>).
/// </summary>
public sealed class MetadataCache
{
    // The smallest result takes some hundred bytes: this many would exceed any sensible limit in bytes.
    private const int MaxEntries = 65_536;

    // Deleting a manifest also deletes tags that the request does not name, so all manifests of a repository share a stamp. Links have a stamp
    // each: a repository that receives pushes all day keeps the cached results about its other blobs. They also share one of their repository, which
    // alters when manifests are removed, since nothing may need some of the blobs any more. The sum of two stamps is one, too: both only grow, so it is the
    // same only while both are.
    private readonly ChangeStamps _manifestStamps = new();
    private readonly ChangeStamps _linkStamps = new();
    private readonly StampedAnswers<StoredManifest?> _manifests;
    private readonly StampedAnswers<StoredBlob?> _links;

    /// <param name="maxBytes">Limit on the weight of all results.</param>
    /// <param name="metrics">Metrics; null for none.</param>
    public MetadataCache(long maxBytes, StorageMetrics? metrics = null)
    {
        _manifests = new StampedAnswers<StoredManifest?>(maxBytes / 2, MaxEntries, metrics);
        _links = new StampedAnswers<StoredBlob?>(maxBytes / 2, MaxEntries, metrics);
    }

    /// <summary>Metadata with the results of pulls in memory. Every change must go through the ports that this cache decorates.</summary>
    public IMetadataStore Decorate(IMetadataStore metadata) => new CachedMetadataStore(metadata, this);

    /// <summary>Metadata of the collector, whose changes invalidate results.</summary>
    public ICollectorMetadata Decorate(ICollectorMetadata metadata) => new CachedCollectorMetadata(metadata, this);

    /// <summary>The trash, whose purges invalidate results.</summary>
    public ITrash Decorate(ITrash trash) => new CachedTrash(trash, this);

    /// <summary>Repositories as a whole, whose renames and deletions invalidate results.</summary>
    public IRepositories Decorate(IRepositories repositories) => new CachedRepositories(repositories, this);

    /// <summary>What the mirror knows, whose evictions invalidate results.</summary>
    public IMirrorMetadata Decorate(IMirrorMetadata mirror) => new CachedMirror(mirror, this);

    /// <summary>What a retention reads and deletes, whose deletions invalidate results.</summary>
    public IRetentionMetadata Decorate(IRetentionMetadata retention) => new CachedRetention(retention, this);

    /// <summary>Target of indexing, whose changes invalidate results.</summary>
    public IIndexTarget Decorate(IIndexTarget target) => new CachedIndexTarget(target, this);

    /// <summary>Metadata of the verifier. Lost content invalidates results.</summary>
    /// <param name="metadata">The metadata.</param>
    /// <param name="forgetContents">Called when bytes are lost.</param>
    public IVerifierMetadata Decorate(IVerifierMetadata metadata, Action forgetContents) => new CachedVerifierMetadata(metadata, this, forgetContents);

    /// <summary>Number of cached results, including those that are no longer valid.</summary>
    internal int Count => _manifests.Count + _links.Count;

    /// <summary>Finds the manifest of a tag or digest, in memory or in a store.</summary>
    internal Task<StoredManifest?> FindManifestAsync(IMetadataStore store, RepositoryName repository, Reference reference) => _manifests.FindAsync(
        repository,
        reference.ToString(),
        _manifestStamps.Read(repository.GetHashCode()),
        (store, repository, reference),
        static question => question.store.FindManifestAsync(question.repository, question.reference));

    /// <summary>Finds a blob, in memory or in a store.</summary>
    internal Task<StoredBlob?> FindBlobAsync(IMetadataStore store, RepositoryName repository, Digest digest) => _links.FindAsync(
        repository,
        digest.Value,
        _linkStamps.Read(LinkSubject(repository, digest)) + _linkStamps.Read(repository.GetHashCode()),
        (store, repository, digest),
        static question => question.store.FindBlobAsync(question.repository, question.digest));

    /// <summary>Runs a change of manifests or tags of one repository.</summary>
    internal Task<T> ChangeManifestsAsync<T>(RepositoryName repository, Func<Task<T>> change) =>
        _manifestStamps.ChangeAsync(repository.GetHashCode(), change);

    /// <summary>Runs a push of a manifest, after which some blobs of its repository are needed.</summary>
    internal Task<T> PutManifestAsync<T>(RepositoryName repository, IEnumerable<Digest> needed, Func<Task<T>> change)
    {
        int[] links = [.. needed.Select(digest => LinkSubject(repository, digest))];
        return ChangeManifestsAsync(repository, () => _linkStamps.ChangeAsync(links, change));
    }

    /// <summary>Runs a change that may remove manifests of one repository, after which nothing may need some of its blobs.</summary>
    internal Task<T> RemoveManifestsAsync<T>(RepositoryName repository, Func<Task<T>> change) =>
        ChangeManifestsAsync(repository, () => _linkStamps.ChangeAsync(repository.GetHashCode(), change));

    /// <summary>Runs a change of the visibility of a blob in a repository, or of the time since when nothing has needed it.</summary>
    internal Task<T> ChangeLinkAsync<T>(RepositoryName repository, Digest digest, Func<Task<T>> change) =>
        _linkStamps.ChangeAsync(LinkSubject(repository, digest), change);

    /// <summary>Runs a change whose links are unknown until it has ended.</summary>
    internal Task<T> ChangeLinksAsync<T>(Func<Task<T>> change) => _linkStamps.ChangeAllAsync(change);

    /// <summary>Runs a change that may give content another place, in all repositories that have it.</summary>
    internal Task<T> ChangePlaceAsync<T>(Func<Task<T>> change) => _manifestStamps.ChangeAllAsync(() => ChangeLinksAsync(change));

    /// <summary>Runs a change of the whole contents of a repository.</summary>
    internal Task<T> ChangeRepositoryAsync<T>(RepositoryName repository, Func<Task<T>> change) =>
        ChangeManifestsAsync(repository, () => ChangeLinksAsync(change));

    private static int LinkSubject(RepositoryName repository, Digest digest) => HashCode.Combine(repository, digest);
}
