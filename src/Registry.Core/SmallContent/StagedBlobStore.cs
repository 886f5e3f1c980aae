using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.SmallContent;

/// <summary>Stores blobs as files, or as objects, and reads small content from the metadata while it is there.</summary>
/// <param name="files">The files or objects.</param>
/// <param name="staged">Content in the metadata.</param>
public sealed class StagedBlobStore(IBlobStore files, IStagedContent staged) : IBlobStore
{
    public ValueTask<long?> StatAsync(BlobPlace place, CancellationToken cancellationToken = default) =>
        FindAsync(place, staged.FindSizeAsync, files.StatAsync, cancellationToken);

    public ValueTask<BlobSource?> OpenAsync(BlobPlace place, CancellationToken cancellationToken = default) => FindAsync(
        place,
        async digest => await staged.FindAsync(digest) is { } row ? (BlobSource?)new MemorySource(row.Bytes) : null,
        files.OpenAsync,
        cancellationToken);

    public async Task<BlobPlace> PutAsync(Digest digest, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        var place = await files.PutAsync(digest, content, cancellationToken);
        await RemoveRowAsync(digest);
        return place;
    }

    public async Task DeleteAsync(IReadOnlyList<BlobPlace> places, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(places);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var place in places)
        {
            await RemoveRowAsync(place.Digest);
        }

        await files.DeleteAsync(places, CancellationToken.None);
    }

    public async Task<IReadOnlyList<string>> EraseAsync(BlobPlace place, CancellationToken cancellationToken = default)
    {
        await RemoveRowAsync(place.Digest);
        return await files.EraseAsync(place, cancellationToken);
    }

    public IAsyncEnumerable<BlobPlace> ListAsync(BlobPlace? after = null, CancellationToken cancellationToken = default) =>
        files.ListAsync(after, cancellationToken);

    public ValueTask<IDisposable?> TryBeginRemovalAsync(CancellationToken cancellationToken = default) => files.TryBeginRemovalAsync(cancellationToken);

    public ValueTask<IAsyncDisposable> FenceAsync(Digest digest, CancellationToken cancellationToken = default) => files.FenceAsync(digest, cancellationToken);

    // The row first: it is removed after its file is durable, so content without a row has a file. Content that was deleted and pushed again between
    // the two lookups has a row. Content whose bytes are an object has the key of the object, and no row.
    private async ValueTask<T?> FindAsync<T>(
        BlobPlace place,
        Func<Digest, Task<T?>> inRow,
        Func<BlobPlace, CancellationToken, ValueTask<T?>> inFile,
        CancellationToken cancellationToken)
    {
        if (place.Key is not null)
        {
            return await inFile(place, cancellationToken);
        }

        if (!staged.IsEmpty && place.Digest is { } digest && await inRow(digest) is { } row)
        {
            return row;
        }

        if (await inFile(place, cancellationToken) is { } file)
        {
            return file;
        }

        return !staged.IsEmpty && place.Digest is { } again ? await inRow(again) : default;
    }

    private async ValueTask RemoveRowAsync(Digest? digest)
    {
        if (!staged.IsEmpty && digest is { } known && await staged.FindAsync(known) is { } row)
        {
            await staged.RemoveAsync([row.Id]);
        }
    }
}
