using Registry.Core.Oci;

namespace Registry.Core.Storage.Caching;

/// <summary>
/// What the metadata has answered lately: which manifest a tag or digest of a repository is, and the size of a blob that a repository may
/// see. Whatever changes such an answer runs in here, so that none outlives its truth (<see cref="ChangeStamps"/>).
/// </summary>
internal sealed class MetadataCache
{
    // The lightest answer weighs some hundred bytes: this many would not fit into any sensible number of bytes.
    private const int MaxEntries = 65_536;

    // A deleted manifest takes tags with it that nobody has named, so all manifests of a repository share a stamp. Links come and go one by
    // one: a repository that is pushed to all day keeps the answers about its other blobs.
    private readonly ChangeStamps _manifestStamps = new();
    private readonly ChangeStamps _linkStamps = new();
    private readonly StampedAnswers<StoredManifest?> _manifests;
    private readonly StampedAnswers<long?> _links;

    /// <param name="maxBytes">The most that all answers may weigh together.</param>
    public MetadataCache(long maxBytes)
    {
        _manifests = new StampedAnswers<StoredManifest?>(_manifestStamps, maxBytes / 2, MaxEntries);
        _links = new StampedAnswers<long?>(_linkStamps, maxBytes / 2, MaxEntries);
    }

    /// <summary>How many answers are kept, those that no longer hold included.</summary>
    public int Count => _manifests.Count + _links.Count;

    /// <summary>Which manifest a tag or digest is, from memory or from a store.</summary>
    public Task<StoredManifest?> FindManifestAsync(IMetadataStore store, RepositoryName repository, Reference reference) => _manifests.FindAsync(
        repository,
        reference.ToString(),
        repository.GetHashCode(),
        (store, repository, reference),
        static question => question.store.FindManifestAsync(question.repository, question.reference));

    /// <summary>The size of a blob, from memory or from a store.</summary>
    public Task<long?> FindBlobAsync(IMetadataStore store, RepositoryName repository, Digest digest) => _links.FindAsync(
        repository,
        digest.Value,
        LinkSubject(repository, digest),
        (store, repository, digest),
        static question => question.store.FindBlobAsync(question.repository, question.digest));

    /// <summary>Runs a change of manifests or tags of one repository.</summary>
    public Task<T> ChangeManifestsAsync<T>(RepositoryName repository, Func<Task<T>> change) =>
        _manifestStamps.ChangeAsync(repository.GetHashCode(), change);

    /// <summary>Runs a change of whether a repository may see a blob.</summary>
    public Task<T> ChangeLinkAsync<T>(RepositoryName repository, Digest digest, Func<Task<T>> change) =>
        _linkStamps.ChangeAsync(LinkSubject(repository, digest), change);

    /// <summary>Runs a change of links that are not known before it has ended.</summary>
    public Task<T> ChangeLinksAsync<T>(Func<Task<T>> change) => _linkStamps.ChangeAllAsync(change);

    /// <summary>Runs a change of everything that a repository holds.</summary>
    public Task<T> ChangeRepositoryAsync<T>(RepositoryName repository, Func<Task<T>> change) =>
        ChangeManifestsAsync(repository, () => ChangeLinksAsync(change));

    private static int LinkSubject(RepositoryName repository, Digest digest) => HashCode.Combine(repository, digest);
}
