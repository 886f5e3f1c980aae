using Microsoft.Extensions.Logging;
using Registry.Core.Maintenance;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Server.Pipeline;
using Registry.Server.Tls;

namespace Registry.Server.Health;

/// <summary>
/// Whether the registry can do its work, and what an operator should know. It is failed when nothing can be pulled, or when changes cannot be
/// written that are not refused on purpose; what leaves pulls and most pushes working is a warning.
/// </summary>
internal sealed partial class Readiness(
    RegistryStorage storage, TreeIndexer indexer, ReadOnlyMode readOnly, TlsFiles? tls, TimeProvider time, ILogger<Readiness> logger)
{
    /// <summary>How long a look at the disk counts: whoever asks in a loop costs one file a second.</summary>
    internal static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    /// <summary>How long the disk may take to answer.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private Task<(bool IsWritable, bool IsReadable, bool IsShortOfRoom)>? _look;
    private long _lookedAt;
    private string? _lastTrouble;

    /// <summary>Looks at everything.</summary>
    public async Task<IReadOnlyList<HealthFinding>> CheckAsync()
    {
        var (isWritable, isReadable, isShortOfRoom) = await LookAsync();
        return
        [
            isReadable ? new("metadata") : new("metadata", HealthState.Failed, "the metadata cannot be read; the log says why"),
            Writes(isWritable),
            isShortOfRoom
                ? new("space", HealthState.Warning, "the disk is full up to its reserve: pulls and deletes work, pushes are refused; make room")
                : new("space"),
            indexer.IsComplete
                ? new("indexing")
                : new("indexing", HealthState.Warning, "the storage is being indexed: pulls work, pushes, deletes and the catalog are refused until it is done"),
            readOnly.IsOn
                ? new("read-only", HealthState.Warning, "read-only: pulls work, pushes and deletes are refused")
                : new("read-only"),
            storage.TreeFailure is null
                ? new("tree")
                : new("tree", HealthState.Warning, "the repositories tree is behind the metadata; requests are not affected; the log says why"),
            .. Certificate(),
        ];
    }

    // Who has asked for no changes does not miss them: a registry on a failed disk can go on serving pulls.
    private HealthFinding Writes(bool isWritable)
    {
        var reason = storage.Health.Failure is not null
            ? "writes have stopped after a failure of the disk, pulls go on; the log says why; check the disk, then restart the registry"
            : isWritable ? null : "the data folder cannot be written; the log says why";
        return reason is null ? new("storage") : new("storage", readOnly.IsOn ? HealthState.Warning : HealthState.Failed, reason);
    }

    private IEnumerable<HealthFinding> Certificate() => tls is null
        ? []
        : [tls.Concern(time.GetUtcNow()) is { } concern ? new("certificate", HealthState.Warning, $"it {concern}") : new("certificate")];

    private async Task<(bool IsWritable, bool IsReadable, bool IsShortOfRoom)> LookAsync()
    {
        Task<(bool, bool, bool)> look;
        lock (_lock)
        {
            // One look at a time, however many ask and however long it takes.
            if (_look is null || (_look.IsCompleted && time.GetElapsedTime(_lookedAt) >= Freshness))
            {
                _lookedAt = time.GetTimestamp();
                _look = LookAfreshAsync();
            }

            look = _look;
        }

        try
        {
            return await look.WaitAsync(Patience, time);
        }
        catch (TimeoutException)
        {
            Report($"it has not answered for {Patience.TotalSeconds} s");
            return (false, false, false);
        }
    }

    private async Task<(bool IsWritable, bool IsReadable, bool IsShortOfRoom)> LookAfreshAsync()
    {
        var unwritable = await TroubleAsync(storage.TryWriteAsync);
        var unreadable = await TroubleAsync(() => storage.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 1));
        Report(unreadable ?? unwritable);
        return (unwritable is null, unreadable is null, await storage.IsShortOfRoomAsync());
    }

    // A full disk has a check of its own.
    private static async Task<string?> TroubleAsync(Func<Task> act)
    {
        try
        {
            await act();
            return null;
        }
        catch (StorageException e)
        {
            return e.IsFull ? null : e.Message;
        }
    }

    private void Report(string? trouble)
    {
        if (trouble is not null && trouble != _lastTrouble)
        {
            LogTrouble(trouble);
        }
        else if (trouble is null && _lastTrouble is not null)
        {
            LogReady();
        }

        _lastTrouble = trouble;
    }

    [LoggerMessage(1, LogLevel.Error, "The registry is not ready, its storage cannot be used: {Reason}")]
    private partial void LogTrouble(string reason);

    [LoggerMessage(2, LogLevel.Information, "The registry is ready again, its storage can be used")]
    private partial void LogReady();
}
