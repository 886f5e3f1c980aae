using Registry.Core.Blobs;
using Registry.Core.Oci;

namespace Registry.Core.SmallContent;

/// <summary>Stores blobs as files, and reads small content from the metadata while it is staged.</summary>
/// <param name="files">Files of blobs.</param>
/// <param name="staged">Content that waits for its file.</param>
public sealed class StagedBlobStore(IBlobStore files, IStagedContent staged) : IBlobStore
{
    public Task<long?> StatAsync(Digest digest) => FindAsync(digest, staged.FindSizeAsync, files.StatAsync);

    public Task<BlobSource?> OpenAsync(Digest digest) => FindAsync(
        digest, async staging => await staged.FindAsync(staging) is { } row ? (BlobSource?)new MemorySource(row.Bytes) : null, files.OpenAsync);

    public async Task PutAsync(Digest digest, ReadOnlyMemory<byte> content)
    {
        await files.PutAsync(digest, content);
        await RemoveRowAsync(digest);
    }

    public async Task<bool> DeleteAsync(Digest digest)
    {
        var hadRow = await RemoveRowAsync(digest);
        return await files.DeleteAsync(digest) || hadRow;
    }

    public Task<IDisposable?> TryBeginRemovalAsync() => files.TryBeginRemovalAsync();

    public IEnumerable<Digest> EnumeratePlaces() => files.EnumeratePlaces();

    // The row first: it is removed after its file is durable, so content without a row has a file. Content that was deleted and pushed again between
    // the two lookups has a row.
    private async Task<T?> FindAsync<T>(Digest digest, Func<Digest, Task<T?>> inRow, Func<Digest, Task<T?>> inFile)
    {
        if (staged.Weight > 0 && await inRow(digest) is { } row)
        {
            return row;
        }

        if (await inFile(digest) is { } file)
        {
            return file;
        }

        return staged.Weight > 0 ? await inRow(digest) : default;
    }

    private async Task<bool> RemoveRowAsync(Digest digest)
    {
        if (staged.Weight == 0 || await staged.FindAsync(digest) is not { } row)
        {
            return false;
        }

        await staged.RemoveAsync([row.Id]);
        return true;
    }
}
