using Registry.Core.Blobs;
using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Blobs;

/// <summary>Reads objects for the verifier, whole: the store has no checksum of the content that it would compare with what its disks have.</summary>
/// <param name="client">The bucket.</param>
/// <param name="blobs">The store.</param>
internal sealed class S3Scrub(S3Client client, IBlobStore blobs) : IBlobScrubber
{
    public async Task<IScrubbedBlob?> OpenAsync(BlobPlace place) =>
        place.Key is { } key && await S3Source.OpenAsync(client, key, CancellationToken.None) is { } source ? new ScrubbedObject(place, source, blobs) : null;

    public async Task<bool> ExistsAsync(BlobPlace place) => await blobs.StatAsync(place) is not null;
}
