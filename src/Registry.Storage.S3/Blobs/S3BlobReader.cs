using Registry.Core.Blobs;
using Registry.Core.Storage;

namespace Registry.Storage.S3.Blobs;

/// <summary>Blobs for pulls. A question for the size is answered from the record: the store is not asked before the bytes are needed.</summary>
/// <param name="contents">The bytes.</param>
public sealed class S3BlobReader(IBlobReader contents) : IBlobReader
{
    public ValueTask<long?> StatAsync(BlobPlace place, long expected, CancellationToken cancellationToken = default) => new(expected);

    public ValueTask<BlobSource?> OpenAsync(BlobPlace place, CancellationToken cancellationToken = default) => contents.OpenAsync(place, cancellationToken);
}
