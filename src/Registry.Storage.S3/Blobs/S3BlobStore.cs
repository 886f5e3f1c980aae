using System.Net;
using System.Runtime.CompilerServices;
using Registry.Core.Blobs;
using Registry.Core.Objects;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Blobs;

/// <summary>Blobs as objects, each under a key of its own that is never used again. The place of a blob is its key, which the metadata records.</summary>
/// <param name="client">The bucket.</param>
/// <param name="ledger">The rows of the objects.</param>
/// <param name="deletions">Deletes objects.</param>
/// <param name="deleteAfter">Time between the removal of a blob from the metadata and that of its object.</param>
/// <param name="time">The clock.</param>
internal sealed class S3BlobStore(S3Client client, IObjectLedger ledger, ObjectDeletions deletions, TimeSpan deleteAfter, TimeProvider time) : IBlobStore
{
    // Largest page of a store.
    private const int PageSize = 1000;

    public async ValueTask<long?> StatAsync(BlobPlace place, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (place.Key is not { } key)
        {
            return null;
        }

        using var answer = await client.SendAsync(new S3Request(HttpMethod.Head, key) { Expected = HttpStatusCode.NotFound }, cancellationToken);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : answer.Content.Headers.ContentLength;
    }

    public async ValueTask<BlobSource?> OpenAsync(BlobPlace place, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (place.Key is not { } key || await S3Source.OpenAsync(client, key, cancellationToken) is not { } source)
        {
            return null;
        }

        if (source.Length > BlobSource.MaxInMemory)
        {
            return source;
        }

        await using (source)
        {
            return new MemorySource((await source.ReadAsync(cancellationToken)).ToArray());
        }
    }

    public async Task<BlobPlace> PutAsync(Digest digest, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var key = ObjectKeys.New(time.GetUtcNow());
        await ledger.AddAsync(key);
        await client.CallAsync(new S3Request(HttpMethod.Put, key) { Content = [content], Md5 = ContentChecksum.Of([content]) }, cancellationToken);
        return new BlobPlace(digest, key);
    }

    public async Task DeleteAsync(IReadOnlyList<BlobPlace> places, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var keys = places.Select(place => place.Key).OfType<string>().ToList();
        if (keys.Count > 0)
        {
            await ledger.CondemnAsync(keys, deleteAfter);
            if (deleteAfter == TimeSpan.Zero)
            {
                await deletions.DeleteAsync([.. keys.Select(key => new CondemnedObject(key, null))], cancellationToken);
            }
        }
    }

    public async Task<IReadOnlyList<string>> EraseAsync(BlobPlace place, CancellationToken cancellationToken = default)
    {
        if (place.Key is not { } key)
        {
            return [];
        }

        await ledger.CondemnAsync([key], TimeSpan.Zero);
        if (!await deletions.DeleteAsync([new CondemnedObject(key, null)], cancellationToken))
        {
            return [$"the object {client.Address.FullKey(key)} of {client.Address}, which has the mark of another registry, so that nothing is deleted there"];
        }

        try
        {
            await client.DeleteVersionsAsync(key, cancellationToken);
            return [];
        }
        catch (StorageException e)
        {
            // No later cycle deletes versions, so a person has to.
            var reason = e.InnerException is { } cause && S3Fault.Of(cause) is { IsDenied: true }
                ? "the access key may not list or delete versions (s3:ListBucketVersions, s3:DeleteObjectVersion)"
                : e.Message;
            return [$"versions of the object {client.Address.FullKey(key)} of {client.Address}, if the bucket keeps versions: {reason}. Delete all versions of this object with a tool of the store"];
        }
    }

    public async IAsyncEnumerable<BlobPlace> ListAsync(BlobPlace? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var last = after?.Key; ;)
        {
            var page = await client.ListAsync(ObjectKeys.Blobs, last, PageSize, cancellationToken);
            if (page.Count == 0)
            {
                yield break;
            }

            foreach (var key in page)
            {
                yield return new BlobPlace(null, last = key);
            }
        }
    }

    // No name is used again, so a backup finds what it has listed until it is deleted.
    public ValueTask<IDisposable?> TryBeginRemovalAsync(CancellationToken cancellationToken = default) => new(Nothing.Instance);

    public ValueTask<IAsyncDisposable> FenceAsync(Digest digest, CancellationToken cancellationToken = default) => new(Nothing.Instance);

    private sealed class Nothing : IDisposable, IAsyncDisposable
    {
        public static readonly Nothing Instance = new();

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
