using Registry.Core.Blobs;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Storage;

namespace Registry.Images.Migration;

/// <summary>Content of a registry at one end of a move, for reading.</summary>
/// <param name="Listing">Contents of the repositories.</param>
/// <param name="Metadata">Records of manifests and blobs.</param>
/// <param name="Mirror">The upstreams of the repositories.</param>
/// <param name="Blobs">Bytes of the manifests and blobs.</param>
public sealed record RegistryContent(IMetadataListing Listing, IMetadataStore Metadata, IMirrorMetadata Mirror, IBlobStore Blobs)
{
    private const int PageSize = 1000;

    /// <summary>Content of a storage that other processes may be using.</summary>
    public static RegistryContent Of(StorageReader storage)
    {
        ArgumentNullException.ThrowIfNull(storage);
        return new RegistryContent(storage.Listing, storage.Metadata, storage.Mirror, storage.Blobs);
    }

    /// <summary>Content of a storage in use.</summary>
    public static RegistryContent Of(RegistryStorage storage)
    {
        ArgumentNullException.ThrowIfNull(storage);
        return new RegistryContent(storage.Listing, storage.Metadata, storage.Mirror, storage.Blobs);
    }

    /// <summary>True if there is no repository.</summary>
    public async Task<bool> IsEmptyAsync() => (await Listing.ListRepositoriesAsync(null, 1)).Count == 0;

    /// <summary>Lists all repositories, in the order of their names.</summary>
    public async Task<List<RepositoryName>> ListRepositoriesAsync()
    {
        var all = new List<RepositoryName>();
        while (await Listing.ListRepositoriesAsync(all.Count == 0 ? null : all[^1], PageSize) is { Count: > 0 } page)
        {
            all.AddRange(page);
        }

        return all;
    }
}
