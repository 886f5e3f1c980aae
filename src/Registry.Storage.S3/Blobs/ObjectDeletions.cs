using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Objects;
using Registry.Core.Storage;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Blobs;

/// <summary>
/// Deletes objects whose time has come, as the ledger lists them, while the bucket belongs to the registry. Any process may: a deletion that is repeated does no harm.
/// </summary>
/// <param name="client">The bucket.</param>
/// <param name="ledger">The rows of the objects.</param>
/// <param name="ownership">Whether the bucket belongs to the registry.</param>
/// <param name="faults">Faults that recur.</param>
/// <param name="logger">The log.</param>
internal sealed partial class ObjectDeletions(
    S3Client client, IObjectLedger ledger, BucketOwnership ownership, RecurringFaults faults, ILogger<ObjectDeletions> logger)
{
    private const int BatchSize = 1000;

    // Longer than any push takes from the choice of its key to its commit, and the time for which a copy of the metadata may be used.
    private static readonly TimeSpan UnknownFor = TimeSpan.FromHours(24);

    private string? _lookedAt;
    private volatile WaitingObjects _waiting = WaitingObjects.None;

    /// <summary>Objects that wait, as of the last round. A scrape of metrics reads it, so it costs no query.</summary>
    public WaitingObjects Waiting => _waiting;

    /// <summary>Deletes everything that is due, and looks at some keys for those that nothing has.</summary>
    /// <returns>Number of deleted objects.</returns>
    /// <exception cref="StorageException">The store or the metadata does not work. The rest follows in the next cycle.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // First, so that it is known also when the store fails.
        _waiting = await ledger.ReadWaitingAsync();
        if (!await ownership.CheckAsync(cancellationToken))
        {
            return 0;
        }

        _lookedAt = await ledger.CondemnUnknownAsync(_lookedAt, BatchSize, UnknownFor);
        var deleted = 0;
        while (await ledger.ListDueAsync(BatchSize) is { Count: > 0 } due)
        {
            if (!await DeleteAsync(due, cancellationToken))
            {
                break;
            }

            deleted += due.Count;
        }

        if (deleted > 0)
        {
            _waiting = await ledger.ReadWaitingAsync();
        }

        return deleted;
    }

    /// <summary>Deletes objects that are due. They are gone from the store when the task ends.</summary>
    /// <returns>False, without a deletion, while the bucket belongs to another registry. They stay due.</returns>
    public async Task<bool> DeleteAsync(IReadOnlyCollection<CondemnedObject> due, CancellationToken cancellationToken)
    {
        if (due.Count > 0 && !await ownership.IsOwnAsync(cancellationToken))
        {
            return false;
        }

        foreach (var (key, multipart) in due)
        {
            if (multipart is not null)
            {
                await client.AbandonPartsAsync(key, multipart, cancellationToken);
            }
        }

        foreach (var batch in due.Select(condemned => condemned.Key).Chunk(BatchSize))
        {
            await client.DeleteAsync(batch, cancellationToken);
            await ledger.ForgetAsync(batch);
        }

        return true;
    }

    /// <summary>Deletes objects that are due. What fails is logged, and follows in the next cycle.</summary>
    public async Task TryDeleteAsync(IReadOnlyCollection<CondemnedObject> due)
    {
        try
        {
            await DeleteAsync(due, CancellationToken.None);
        }
        catch (StorageException e)
        {
            if (faults.IsNew($"Objects that could not be deleted, {e.Message}", level: LogLevel.Warning))
            {
                LogFailed(e.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Objects could not be deleted: {Reason}. The next cycle tries again; further faults are counted once a minute")]
    private partial void LogFailed(string reason);
}
