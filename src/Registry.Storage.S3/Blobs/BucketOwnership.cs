using Microsoft.Extensions.Logging;
using Registry.Core.Objects;
using Registry.Core.Storage;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Blobs;

/// <summary>
/// Finds out whether the bucket still belongs to this registry's metadata, before objects are deleted. Two registries with copies of the same metadata, such as a
/// restored dump beside the original, know the same objects, and each would delete what the other one has. So the metadata and the object <see cref="BucketMark"/> have
/// a mark in common, which changes every few minutes: where it is not the same, another registry has changed it.
/// </summary>
/// <param name="client">The bucket.</param>
/// <param name="ledger">The marks that this registry has chosen.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class BucketOwnership(S3Client client, IObjectLedger ledger, TimeProvider time, ILogger<BucketOwnership> logger) : IDisposable
{
    // One request in this time, however many objects are deleted. Of two registries, the one that has lost the bucket finds out within it.
    private static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(1);

    // A copy of the metadata that is older finds the bucket marked by the original. The bucket may keep a version of each mark.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim _turn = new(1);
    private volatile bool _isForeign;
    private long? _checkedAt;
    private long _mark;
    private long _markedAt;

    /// <summary>True if the bucket has the mark of another registry, as far as is known.</summary>
    public bool IsForeign => _isForeign;

    /// <summary>True if objects may be deleted. What was found out within the last minute counts.</summary>
    /// <exception cref="StorageException">The store or the metadata does not work.</exception>
    public Task<bool> IsOwnAsync(CancellationToken cancellationToken) => CheckAsync(KnownFor, cancellationToken);

    /// <summary>Finds out whether objects may be deleted, and renews the mark.</summary>
    /// <exception cref="StorageException">The store or the metadata does not work.</exception>
    public Task<bool> CheckAsync(CancellationToken cancellationToken) => CheckAsync(TimeSpan.Zero, cancellationToken);

    /// <summary>Marks the bucket, whatever mark it has. A registry with another copy of the metadata deletes no objects from then on.</summary>
    /// <returns>The mark that it had; null for none.</returns>
    /// <exception cref="StorageException">The store or the metadata does not work.</exception>
    public async Task<BucketMark?> AdoptAsync(CancellationToken cancellationToken)
    {
        var found = await ReadAsync(cancellationToken);
        while (!await ChangeAsync((await ledger.ReadMarksAsync()).Newest, cancellationToken))
        {
            // Another process of this registry has just chosen one.
        }

        return found;
    }

    public void Dispose() => _turn.Dispose();

    private async Task<bool> CheckAsync(TimeSpan known, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_checkedAt is not { } at || time.GetElapsedTime(at) >= known)
            {
                _isForeign = !await CompareAsync(cancellationToken);
                _checkedAt = time.GetTimestamp();
            }

            return !_isForeign;
        }
        finally
        {
            _turn.Release();
        }
    }

    // The bucket is read first: a mark that another process of this registry wrote is in the metadata before.
    private async Task<bool> CompareAsync(CancellationToken cancellationToken)
    {
        var found = await ReadAsync(cancellationToken);
        var marks = await ledger.ReadMarksAsync();
        var number = found?.Number ?? 0;
        if (number != marks.Newest && number != marks.Previous)
        {
            if (!IsForeign)
            {
                LogForeign(client.Address.ToString(), Describe(found));
            }

            return false;
        }

        if (IsForeign)
        {
            LogOwn(client.Address.ToString());
        }

        if (number != marks.Newest)
        {
            // The process that chose the newest mark has ended before it wrote it, or is about to.
            await WriteAsync(marks.Newest, cancellationToken);
        }
        else if (number == 0 || (number == _mark && time.GetElapsedTime(_markedAt) >= Lifetime))
        {
            _ = await ChangeAsync(number, cancellationToken);
        }
        else if (number != _mark)
        {
            (_mark, _markedAt) = (number, time.GetTimestamp());
        }

        return true;
    }

    private async Task<bool> ChangeAsync(long newest, CancellationToken cancellationToken)
    {
        var next = BucketMark.NewNumber();
        if (!await ledger.AddMarkAsync(newest, next))
        {
            return false;
        }

        await WriteAsync(next, cancellationToken);
        return true;
    }

    private async Task WriteAsync(long number, CancellationToken cancellationToken)
    {
        byte[] content = new BucketMark(number, Environment.MachineName, time.GetUtcNow()).ToJson();
        await client.CallAsync(
            new S3Request(HttpMethod.Put, BucketMark.Key) { Content = [content], Md5 = ContentChecksum.Of([content]) }, cancellationToken);
        (_mark, _markedAt) = (number, time.GetTimestamp());
    }

    private async Task<BucketMark?> ReadAsync(CancellationToken cancellationToken)
    {
        if (await S3Source.OpenAsync(client, BucketMark.Key, cancellationToken) is not { } source)
        {
            return null;
        }

        await using (source)
        {
            return BucketMark.Parse(source.Length > BucketMark.MaxSize ? default : await source.ReadAsync(cancellationToken));
        }
    }

    private static string Describe(BucketMark? found) => found switch
    {
        null => "has lost the mark of this registry",
        { Number: 0 } => $"has a {BucketMark.Key} that no registry wrote",
        _ => $"was marked by another registry, or by another copy of this one's metadata, on {found.Writer} at {found.WrittenAt:u}",
    };

    [LoggerMessage(
        1,
        LogLevel.Error,
        "S3: {Bucket} {Reason}. No object is deleted until that is settled. If the bucket belongs to this registry, stop the other one and run 'registry bucket adopt'; otherwise give this one a bucket or prefix of its own")]
    private partial void LogForeign(string bucket, string reason);

    [LoggerMessage(2, LogLevel.Information, "S3: {Bucket} has the mark of this registry again; objects are deleted")]
    private partial void LogOwn(string bucket);
}
