using Registry.Core.Blobs;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts;

/// <summary>Reads and lists the content of a blob store.</summary>
public static class StoredBlobs
{
    /// <summary>Lists the digests that have a place and bytes, in no particular order.</summary>
    public static async Task<IReadOnlyList<Digest>> ListAsync(this IBlobStore blobs)
    {
        ArgumentNullException.ThrowIfNull(blobs);
        var stored = new List<Digest>();
        foreach (var digest in blobs.EnumeratePlaces())
        {
            if (await blobs.StatAsync(digest) is not null)
            {
                stored.Add(digest);
            }
        }

        return stored;
    }

    /// <summary>Reads content as a whole; null if it does not exist.</summary>
    public static async Task<byte[]?> ReadAsync(this IBlobStore blobs, Digest digest)
    {
        ArgumentNullException.ThrowIfNull(blobs);
        await using var source = await blobs.OpenAsync(digest);
        return source is null ? null : (await source.ReadAsync()).ToArray();
    }
}
