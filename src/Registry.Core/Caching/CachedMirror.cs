using Registry.Core.Changes;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Pulls;

namespace Registry.Core.Caching;

/// <summary>What the mirror knows, next to <see cref="CachedMetadataStore"/>. Only an eviction changes what a repository sees.</summary>
internal sealed class CachedMirror(IMirrorMetadata mirror, MetadataCache cache) : IMirrorMetadata
{
    public Task<string?> FindUpstreamAsync(RepositoryName repository) => mirror.FindUpstreamAsync(repository);

    public Task<RepositoryName?> FindOtherAsync(RepositoryRange range, string upstream) => mirror.FindOtherAsync(range, upstream);

    public Task<DateTimeOffset?> FindCheckAsync(RepositoryName repository, Tag tag) => mirror.FindCheckAsync(repository, tag);

    public Task RecordAsync(IReadOnlyList<TagCheck> checks, IReadOnlyList<ManifestPull> pulls) => mirror.RecordAsync(checks, pulls);

    public Task<IReadOnlyList<ManifestPull>> ListOldestAsync(string upstream, int limit) => mirror.ListOldestAsync(upstream, limit);

    public Task<MirrorUse> ReadUseAsync(string upstream) => mirror.ReadUseAsync(upstream);

    // It unlinks blobs that are known only when it has ended.
    public Task<IReadOnlyList<Digest>> EvictAsync(RepositoryName repository, Digest digest, DateTimeOffset pulledBefore, ChangeOrigin origin, string reason) =>
        cache.ChangeRepositoryAsync(repository, () => mirror.EvictAsync(repository, digest, pulledBefore, origin, reason));
}
