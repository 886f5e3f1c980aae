using System.Globalization;
using Microsoft.Extensions.Logging;
using Registry.Core.SmallContent;

namespace Registry.Storage.Files.SmallContent;

/// <summary>
/// Writes staged content to its files (<see cref="StagedFiles"/>). Content whose file cannot be written is served from the metadata; other content
/// proceeds.
/// </summary>
internal sealed partial class StagedWriter : Follower
{
    private const int FilesPerSync = 4096;

    // On a full disk, temporary files must not take the last room.
    private const int FilesPerSyncAfterFailure = 64;

    // Content that is pushed within this time shares the syncs of its files.
    private static readonly TimeSpan Gathering = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(10);

    private readonly IStagedContent _staged;
    private readonly StagedFiles _files;
    private readonly TimeProvider _time;
    private readonly ILogger<StagedWriter> _logger;

    /// <summary>Starts with the content that an earlier process has left.</summary>
    public StagedWriter(IStagedContent staged, StagedFiles files, TimeProvider time, ILogger<StagedWriter> logger)
        : base(hasWork: staged.Weight > 0)
    {
        _staged = staged;
        _files = files;
        _time = time;
        _logger = logger;
        _staged.Staged += Wake;
        Begin();
    }

    /// <summary>Number of blobs and manifests that only the metadata has, once the writer is disposed; null if they cannot be read.</summary>
    public long? Left { get; private set; } = 0;

    protected override async ValueTask FinishAsync(CancellationToken cutOff)
    {
        _staged.Staged -= Wake;
        try
        {
            if (_staged.Weight > 0)
            {
                await WriteOutAndCountAsync(cutOff);
            }
            else
            {
                Report(null);
            }
        }
        finally
        {
            _files.Dispose();
        }
    }

    protected override async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            if (Failure is null)
            {
                await WaitForWorkAsync(Timeout.InfiniteTimeSpan);
            }

            await Task.Delay(Failure is null ? Gathering : RetryDelay, _time, stopping);
            await WriteOutAsync(stopping);
        }
    }

    private Task<bool> WriteOutAsync(CancellationToken cancellationToken) => TryAsync(async () =>
    {
        await _files.WriteOutAsync(Failure is null ? FilesPerSync : FilesPerSyncAfterFailure, cancellationToken);
        return null;
    });

    private async Task WriteOutAndCountAsync(CancellationToken cutOff)
    {
        try
        {
            await WriteOutAsync(cutOff);
        }
        finally
        {
            await CountLeftAsync();
        }
    }

    private async Task CountLeftAsync()
    {
        try
        {
            Left = await _files.CountAsync();
        }
#pragma warning disable CA1031 // The tree still has to be written, and the database to be closed.
        catch (Exception)
#pragma warning restore CA1031
        {
            Left = null;
        }

        if (Left != 0)
        {
            LogLeft(Left?.ToString(CultureInfo.InvariantCulture) ?? "an unknown number of", Failure ?? (Left is null ? "they cannot be read" : "the stop was cut short"));
        }
    }

    [LoggerMessage(1, LogLevel.Error,
        "Small blobs and manifests are in registry.db, and could not be written to their files under blobs/ yet; requests are not affected, and they are tried again: {Reason}")]
    protected override partial void LogBehind(string reason);

    [LoggerMessage(2, LogLevel.Information, "All small blobs and manifests have been written to their files")]
    protected override partial void LogCaughtUp();

    // The number that is left has a line of its own.
    protected override void LogCutShort()
    {
    }

    [LoggerMessage(3, LogLevel.Error,
        "Left in registry.db: {Count} small blobs and manifests that have no file under blobs/ yet. Keep registry.db: the next start writes them. Until then, another registry on this folder does not have them: {Reason}")]
    private partial void LogLeft(string count, string reason);
}
