using Microsoft.Extensions.Logging;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Server.Pipeline;
using Registry.Server.Tls;
using Registry.Storage;
using Registry.Storage.Bytes;

namespace Registry.Server.Health;

/// <summary>
/// Readiness of the registry, with warnings for the operator. The registry has failed when pulls fail, or when writes fail that are not
/// refused on purpose. A problem that leaves pulls and most pushes working is a warning.
/// </summary>
internal sealed partial class Readiness(
    RegistryStorage storage, ReadOnlyMode readOnly, TlsFiles? tls, TimeProvider time, ILogger<Readiness> logger)
{
    /// <summary>Name of the check of the metadata.</summary>
    internal const string Metadata = "metadata";

    /// <summary>Time for which a check of the disk is reused: a client that requests in a loop costs one file a second.</summary>
    internal static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    /// <summary>Time in which the disk must answer.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private Task<(bool IsWritable, bool IsReadable, bool IsShortOfRoom)>? _look;
    private long _lookedAt;
    private string? _lastTrouble;

    /// <summary>Runs all checks.</summary>
    public async Task<IReadOnlyList<HealthFinding>> CheckAsync()
    {
        var (isWritable, isReadable, isShortOfRoom) = await LookAsync();
        return
        [
            isReadable ? new(Metadata) : new(Metadata, HealthState.Failed, "the metadata cannot be read; see the server log"),
            Writes(isWritable),
            .. storage.Folder is null ? [] : Space(isShortOfRoom),
            .. storage.Files is { } files ? Indexing(files) : [],
            readOnly.IsOn
                ? new("read-only", HealthState.Warning, "read-only: pulls work, pushes and deletes are refused")
                : new("read-only"),
            .. storage.Files is { } followed ? Tree(followed) : [],
            .. storage.Bucket is { } bucket ? Bucket(bucket) : [],
            .. Certificate(),
        ];
    }

    private static IEnumerable<HealthFinding> Space(bool isShort) =>
    [
        isShort
            ? new("space", HealthState.Warning, "the disk is full up to its reserve: pulls and deletes work, pushes are refused; free some space")
            : new("space"),
    ];

    private static IEnumerable<HealthFinding> Indexing(BytesInFiles files) =>
    [
        files.Indexer.IsComplete
            ? new("indexing")
            : new("indexing", HealthState.Warning, "the storage is being indexed: pulls work, pushes, deletes and the catalog are refused until it is done"),
    ];

    private static IEnumerable<HealthFinding> Tree(BytesInFiles files) =>
    [
        files.IsBehind
            ? new("tree", HealthState.Warning, "the repositories tree, or files of small content, are behind the metadata; requests are not affected; see the server log")
            : new("tree"),
    ];

    // The sentence is about the store, and names no repository and no user.
    private static IEnumerable<HealthFinding> Bucket(BytesInBucket bucket) =>
    [
        bucket.Failure is { } failure ? new("bucket", HealthState.Failed, $"{failure}; pulls of manifests and small blobs work")
            : bucket.IsForeign ? new("bucket", HealthState.Warning, "the bucket has the mark of another registry, so no object is deleted; see the server log")
            : new("bucket"),
    ];

    // A read-only registry needs no writes: on a failed disk it can still serve pulls.
    private HealthFinding Writes(bool isWritable)
    {
        var reason = storage.Health.Failure is not null
            ? "writes have stopped after a failure of the disk, pulls still work; see the server log, check the disk, then restart the registry"
            : isWritable ? null : $"the {(storage.Folder is null ? "database" : "data folder")} cannot be written; see the server log";
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
            // One check at a time, for any number of requests and any duration.
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
            Report($"the {(storage.Folder is null ? "database" : "disk")} has not answered for {Patience.TotalSeconds} s");
            return (false, false, false);
        }
    }

    private async Task<(bool IsWritable, bool IsReadable, bool IsShortOfRoom)> LookAfreshAsync()
    {
        var unwritable = await TroubleAsync(storage.TryWriteAsync);
        var unreadable = await TroubleAsync(() => storage.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 1));
        Report(unreadable ?? unwritable);
        return (unwritable is null, unreadable is null, storage.Folder is { } folder && await folder.IsShortOfRoomAsync());
    }

    // A full disk has a separate check.
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

    [LoggerMessage(1, LogLevel.Error, "The registry is not ready, because its storage cannot be used: {Reason}")]
    private partial void LogTrouble(string reason);

    [LoggerMessage(2, LogLevel.Information, "The registry is ready again: its storage can be used")]
    private partial void LogReady();
}
