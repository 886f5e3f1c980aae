using Microsoft.Extensions.Logging;
using Registry.Core.Storage;

namespace Registry.Core.Uploads;

/// <summary>
/// Discards uploads that have received no byte for the timeout. An upload with a request in progress is never idle. Where processes share the uploads, any of them
/// discards one, and only one does.
/// </summary>
public sealed partial class UploadExpiry(UploadStore uploads, TimeSpan timeout, ILogger<UploadExpiry> logger)
{
    /// <summary>Runs one cycle. An upload that cannot be discarded does not keep others: on a full disk, they free space.</summary>
    /// <returns>Number of discarded uploads.</returns>
    /// <exception cref="StorageException">An upload could not be discarded. A later cycle tries again.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var expired = 0;
        var bytes = 0L;
        StorageException? fault = null;
        await uploads.SettleAsync();
        foreach (var session in await uploads.ListAsync(timeout))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await using var upload = await uploads.TryAcquireAsync(session.Id, timeout);
            if (upload is null)
            {
                // A request uses it again, or has.
                continue;
            }

            try
            {
                await upload.AbortAsync();
            }
            catch (StorageException e)
            {
                fault = e;
                continue;
            }

            expired++;
            bytes += session.Length;
            LogExpired(session.Id, session.Repository.Value, session.Length);
        }

        // One line a cycle: a client can begin thousands of uploads.
        if (expired > 0)
        {
            LogCycle(expired, bytes);
        }

        return fault is null ? expired : throw fault;
    }

    [LoggerMessage(2, LogLevel.Information, "Uploads expired: {Count}, with {Bytes} B received")]
    private partial void LogCycle(int count, long bytes);

    [LoggerMessage(1, LogLevel.Debug, "Upload {Id} to {Repository} expired with {Length} B received")]
    private partial void LogExpired(Guid id, string repository, long length);
}
