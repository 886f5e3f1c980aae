using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Contracts;

/// <summary>Reads and lists the content of a blob store.</summary>
public static class StoredBlobs
{
    /// <summary>Lists the digests that have a place and bytes, in the order of a store whose listing tells them.</summary>
    public static async Task<IReadOnlyList<Digest>> ListStoredAsync(this IBlobStore blobs)
    {
        ArgumentNullException.ThrowIfNull(blobs);
        var stored = new List<Digest>();
        await foreach (var place in blobs.ListAsync())
        {
            if (await blobs.StatAsync(place) is not null)
            {
                stored.Add(place.Digest!.Value);
            }
        }

        return stored;
    }

    /// <summary>Reads content as a whole; null if it does not exist.</summary>
    public static async Task<byte[]?> ReadAsync(this IBlobStore blobs, BlobPlace place)
    {
        ArgumentNullException.ThrowIfNull(blobs);
        await using var source = await blobs.OpenAsync(place);
        return source is null ? null : (await source.ReadAsync()).ToArray();
    }
}
