using System.Globalization;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Blobs;

/// <summary>
/// Logs blobs and manifests whose bytes are missing or have another size than the recorded one. Clients get a 404 for them, so that a push sends them again,
/// which replaces the file.
/// </summary>
/// <param name="faults">Limits the lines while clients ask for the same content.</param>
/// <param name="logger">The log.</param>
public sealed partial class DamagedContent(RecurringFaults faults, ILogger<DamagedContent> logger)
{
    /// <summary>Reports content that a client has asked for.</summary>
    /// <param name="kind"><c>Blob</c> or <c>Manifest</c>.</param>
    /// <param name="repository">The repository of the request.</param>
    /// <param name="digest">The content.</param>
    /// <param name="expected">Recorded size in bytes.</param>
    /// <param name="actual">Size of what is stored, in bytes; null when neither a file nor the metadata has it.</param>
    internal void Report(string kind, RepositoryName repository, Digest digest, long expected, long? actual)
    {
        if (faults.IsNew($"Requests for damaged content, {digest.Value}", nameof(DamagedContent)))
        {
            LogDamaged(kind, digest.Value, repository.Value, expected, actual is { } found ? string.Create(CultureInfo.InvariantCulture, $"{found} B") : "nothing");
        }
    }

    /// <summary>Reports content that was opened for a client, and disposes it.</summary>
    /// <param name="kind"><c>Blob</c> or <c>Manifest</c>.</param>
    /// <param name="repository">The repository of the request.</param>
    /// <param name="digest">The content.</param>
    /// <param name="expected">Recorded size in bytes.</param>
    /// <param name="opened">What is stored; null when nothing is.</param>
    internal ValueTask RejectAsync(string kind, RepositoryName repository, Digest digest, long expected, BlobSource? opened)
    {
        Report(kind, repository, digest, expected, opened?.Length);
        return opened?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    [LoggerMessage(1, LogLevel.Error,
        "{Kind} {Digest} of {Repository} is damaged: {Expected} B expected, {Actual} found. Pushing it again repairs it. Further requests for it are counted once a minute")]
    private partial void LogDamaged(string kind, string digest, string repository, long expected, string actual);
}
