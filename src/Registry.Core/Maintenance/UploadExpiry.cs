using Microsoft.Extensions.Logging;
using Registry.Core.Storage;

namespace Registry.Core.Maintenance;

/// <summary>Throws away uploads that nobody has sent a byte to for a time. One with a request in flight is never idle.</summary>
public sealed partial class UploadExpiry(IUploadStore uploads, TimeSpan timeout, ILogger<UploadExpiry> logger)
{
    /// <summary>One cycle.</summary>
    /// <returns>How many uploads were thrown away.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var expired = 0;
        foreach (var session in uploads.Enumerate().Where(session => session.IdleFor >= timeout))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await using var upload = await uploads.TryAcquireAsync(session.Id);
            if (upload is null || (await uploads.FindAsync(session.Id))?.Length != session.Length)
            {
                // Somebody came back to it.
                continue;
            }

            await upload.AbortAsync();
            expired++;
            LogExpired(session.Id, session.Repository.Value, session.Length);
        }

        return expired;
    }

    [LoggerMessage(1, LogLevel.Information, "Upload {Id} to {Repository} expired with {Length} bytes received")]
    private partial void LogExpired(Guid id, string repository, long length);
}
