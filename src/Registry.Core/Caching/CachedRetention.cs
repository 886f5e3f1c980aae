using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies.Retention;
using Registry.Core.Pulls;

namespace Registry.Core.Caching;

/// <summary>What a retention reads and deletes, next to <see cref="CachedMetadataStore"/>. Only a deletion changes what a repository sees.</summary>
internal sealed class CachedRetention(IRetentionMetadata retention, MetadataCache cache) : IRetentionMetadata
{
    public Task RecordAsync(IReadOnlyList<ManifestPull> pulls) => retention.RecordAsync(pulls);

    public Task<DateTimeOffset?> FindMarkAsync(RetentionMark mark) => retention.FindMarkAsync(mark);

    public Task SetMarkAsync(RetentionMark mark, DateTimeOffset? time) => retention.SetMarkAsync(mark, time);

    public Task<RetainedRepository?> ReadAsync(RepositoryName repository, int limit) => retention.ReadAsync(repository, limit);

    public Task<Result<ManifestDeletion>> DeleteAsync(RetentionStep deletion, ChangeOrigin origin, bool toTrash) =>
        cache.RemoveManifestsAsync(deletion.Repository, () => retention.DeleteAsync(deletion, origin, toTrash));
}
