using System.Net;
using Registry.Core.Metadata;
using Registry.Core.Objects;
using Registry.Core.Storage;
using Registry.Storage.S3.Blobs;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Uploads;

/// <summary>
/// What the store has of one upload, and the row that says so. The row is written before each request that changes what joining the parts gives, and again
/// when the store has acknowledged it. A process that has lost the upload changes no row, so it sends nothing more; what it has sent already may still arrive,
/// which the tags of the parts reveal when they are joined.
/// </summary>
internal sealed class StoredUpload
{
    /// <summary>Size of the smallest part that others may follow, in bytes (Amazon S3 User Guide, "Multipart upload limits").</summary>
    public const int MinPart = 5 * 1024 * 1024;

    /// <summary>Largest number of a part (the same).</summary>
    public const int MaxParts = 10_000;

    // The store compares it with the bytes. It takes as long as sending them, so only small content has it.
    private const int MaxChecked = 1024 * 1024;

    private readonly UploadSite _site;
    private int _known;

    private StoredUpload(UploadSite site, UploadObjects state)
    {
        _site = site;
        State = state;
        _known = state.Parts.Count;
    }

    /// <summary>The state, as the row has it.</summary>
    public UploadObjects State { get; private set; }

    /// <summary>Takes an upload for this process.</summary>
    public static async Task<StoredUpload> TakeAsync(UploadSite site, Guid id) => new(site, await site.Ledger.TakeAsync(id, site.Process));

    /// <summary>Sends bytes as the next part, which takes the place of the rest.</summary>
    public async Task SendPartAsync(PartBuffer bytes)
    {
        var number = State.Parts.Count + 1;
        if (number > MaxParts)
        {
            throw new StorageException($"S3: an upload of {MaxParts} parts of {_site.PartSize} bytes cannot become larger");
        }

        if (State.Multipart is null)
        {
            await BeginPartsAsync();
        }

        if (number > State.Reserved)
        {
            await SaveAsync(State with { Reserved = number });
        }

        var request = new S3Request(HttpMethod.Put, State.Key!)
        {
            Query = [("partNumber", Text(number)), ("uploadId", State.Multipart!)],
            Content = bytes.Pieces,
        };
        using var answer = await _site.Client.SendAsync(request, CancellationToken.None);
        var tag = answer.Headers.ETag?.Tag ?? throw new StorageException($"S3: {_site.Client.Address} has sent no tag for a part");
        await SaveAsync(State with { Parts = [.. State.Parts, new ObjectPart(bytes.Length, tag)], Rest = null });
    }

    /// <summary>Sends bytes as an object of their own, which takes the place of the rest.</summary>
    public async Task SendRestAsync(PartBuffer bytes)
    {
        var key = _site.NewKey();
        await AddAsync(key, null);
        await SendWholeAsync(_site, key, bytes);
        await SaveAsync(State with { Rest = new ObjectRest(key, bytes.Length) });
    }

    /// <summary>Sends bytes as an object that is the blob.</summary>
    /// <returns>Its key.</returns>
    public async Task<string> SendBlobAsync(PartBuffer bytes)
    {
        var key = _site.NewKey();
        await AddAsync(key, null);
        await SendWholeAsync(_site, key, bytes);
        return key;
    }

    /// <summary>Sends bytes as one object.</summary>
    public static Task SendWholeAsync(UploadSite site, string key, PartBuffer bytes)
    {
        var pieces = bytes.Pieces;
        var checksum = bytes.Length <= MaxChecked ? ContentChecksum.Of(pieces) : null;
        return site.Client.CallAsync(new S3Request(HttpMethod.Put, key) { Content = pieces, Md5 = checksum }, CancellationToken.None);
    }

    /// <summary>
    /// Joins the parts. From then on nothing is appended, and whichever process has the upload can only repeat this: if the answer was lost, the object is there,
    /// and the upload of its parts is not.
    /// </summary>
    /// <exception cref="StorageException">The store has other bytes under a number than were acknowledged, as those of a process that lost the upload.</exception>
    public async Task JoinAsync()
    {
        if (!State.IsJoining)
        {
            await SaveAsync(State with { IsJoining = true });
        }

        var (key, multipart, length) = (State.Key!, State.Multipart!, State.Length);
        if (!await _site.Client.JoinAsync(key, multipart, State.Parts, CancellationToken.None))
        {
            using var found = await _site.Client.SendAsync(new S3Request(HttpMethod.Head, key) { Expected = HttpStatusCode.NotFound }, CancellationToken.None);
            if (found.StatusCode == HttpStatusCode.NotFound || found.Content.Headers.ContentLength != length)
            {
                throw new StorageException($"S3: the parts of an upload are no longer in {_site.Client.Address}");
            }
        }
    }

    /// <summary>Returns to an earlier state.</summary>
    public async Task RestoreAsync(UploadObjects earlier)
    {
        _known = Math.Min(_known, earlier.Parts.Count);
        if (earlier.Multipart is null && State.Multipart is not null)
        {
            // Numbers that were sent cannot be taken back, but nothing needs this multipart upload, unless another process has it now.
            var key = State.Key!;
            await SaveAsync(earlier with { Lease = State.Lease, Reserved = 0 });
            await _site.Ledger.CondemnAsync([key], TimeSpan.Zero);
        }
        else
        {
            await SaveAsync(earlier with { Lease = State.Lease, Reserved = State.Reserved, Key = State.Key, Multipart = State.Multipart });
        }
    }

    /// <summary>Deletes an object that has been replaced.</summary>
    public async Task DropAsync(string key)
    {
        await _site.Ledger.CondemnAsync([key], TimeSpan.Zero);
        await _site.Deletions.TryDeleteAsync([new CondemnedObject(key, null)]);
    }

    /// <summary>Ends the upload, whose objects go but the one that has become a blob.</summary>
    public async Task EndAsync(string? blob) =>
        await _site.Deletions.TryDeleteAsync(await _site.Ledger.EndAsync(State.Lease, blob) ?? throw Lost());

    private static StorageException Lost() => new(UploadLease.Lost) { IsTransient = true };

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private async Task BeginPartsAsync()
    {
        var key = _site.NewKey();
        var multipart = await _site.Client.BeginPartsAsync(key, CancellationToken.None);
        await AddAsync(key, multipart);
        await SaveAsync(State with { Key = key, Multipart = multipart, Reserved = 0 });
    }

    private async Task AddAsync(string key, string? multipart)
    {
        if (!await _site.Ledger.AddAsync(State.Lease, key, multipart))
        {
            throw Lost();
        }
    }

    private async Task SaveAsync(UploadObjects state)
    {
        if (!await _site.Ledger.SaveAsync(state, _known))
        {
            throw Lost();
        }

        State = state;
        _known = state.Parts.Count;
    }
}
