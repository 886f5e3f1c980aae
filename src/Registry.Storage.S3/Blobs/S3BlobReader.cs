using Registry.Core.Blobs;
using Registry.Core.Storage;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Blobs;

/// <summary>Blobs for pulls. A question for the size is answered from the record: the store is not asked before the bytes are needed.</summary>
/// <param name="contents">The bytes.</param>
/// <param name="redirects">The bucket that clients are sent to; null if all bytes pass through the process.</param>
internal sealed class S3BlobReader(IBlobReader contents, S3Client? redirects) : IBlobReader
{
    public ValueTask<long?> StatAsync(BlobPlace place, long expected, CancellationToken cancellationToken = default) => new(expected);

    public ValueTask<BlobSource?> OpenAsync(BlobPlace place, CancellationToken cancellationToken = default) => contents.OpenAsync(place, cancellationToken);

    // Small content has no key: it is in the metadata.
    public ValueTask<BlobSource?> OpenForClientAsync(BlobPlace place, long expected, CancellationToken cancellationToken = default) =>
        redirects is { } client && place.Key is { } key ? S3Source.OfferAsync(client, key, expected) : contents.OpenAsync(place, cancellationToken);
}
