using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts;

/// <summary>Short forms of queries.</summary>
internal static class MetadataQueries
{
    /// <summary>Size of a blob in bytes; null if the repository may not see it.</summary>
    public static async Task<long?> FindSizeAsync(this IMetadataStore metadata, RepositoryName repository, Digest digest) =>
        (await metadata.FindBlobAsync(repository, digest))?.Size;

    /// <summary>Reads all changes of the mutations that were answered.</summary>
    public static async Task<IReadOnlyList<RegistryChange>> ReadChangesAsync(this IMetadataEngine engine, long after = 0)
    {
        await engine.SettleFeedAsync();
        return await engine.Feed.ReadAsync(after, int.MaxValue);
    }
}
