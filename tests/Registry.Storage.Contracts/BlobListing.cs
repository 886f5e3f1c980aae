using Registry.Core.Blobs;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts;

/// <summary>Lists the content of a blob store.</summary>
public static class BlobListing
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
}
