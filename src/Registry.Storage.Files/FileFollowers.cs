using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Indexing;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Storage.Files.SmallContent;
using Registry.Storage.Files.Tree;

namespace Registry.Storage.Files;

/// <summary>Files that follow the metadata, in the background: the repositories tree, and the files of small content. They start at once.</summary>
public sealed class FileFollowers : IAsyncDisposable
{
    private readonly TreeWriter _tree;
    private readonly StagedFiles _stagedFiles;
    private readonly StagedWriter? _staged;

    /// <summary>Starts the followers.</summary>
    /// <param name="files">The engine of files.</param>
    /// <param name="feed">Changes that the tree must follow.</param>
    /// <param name="listing">Metadata from which the tree is written when changes are lost.</param>
    /// <param name="metadata">Metadata that learns of damaged rows.</param>
    /// <param name="writesOut">True to write small content to its files.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    public FileFollowers(
        FileStorage files,
        IChangeFeed feed,
        IMetadataListing listing,
        IVerifierMetadata metadata,
        bool writesOut,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(files);
        var (paths, staged, threads) = (files.Paths, files.Staged, files.Threads);
        Quarantine = new StagedQuarantine(paths, threads, files.Sync, staged, metadata);
        _stagedFiles = new StagedFiles(
            paths, staged, files.Placement, Quarantine, files.Locks, threads, files.Health, loggers.CreateLogger<StagedFiles>());
        _staged = writesOut ? new StagedWriter(staged, _stagedFiles, time, loggers.CreateLogger<StagedWriter>()) : null;
        _tree = new TreeWriter(paths, feed, listing, threads, time, loggers.CreateLogger<TreeWriter>());
    }

    /// <summary>Takes damaged rows out of the metadata.</summary>
    public IStagedQuarantine Quarantine { get; }

    /// <summary>Reason why the tree is behind the metadata; null if it is not.</summary>
    public string? TreeFailure => _tree.Failure;

    /// <summary>Reason why the files of small content are behind the metadata; null if they are not, or if it is not written to its files.</summary>
    public string? StagedFailure => _staged is null ? null : _staged.Failure ?? (_staged.Left is null ? "they cannot be read" : null);

    /// <summary>
    /// Number of small blobs and manifests that only the metadata has, once the followers are disposed; null if they cannot be read, or if small content is
    /// not written to its files.
    /// </summary>
    public long? LeftStaged => _staged?.Left;

    /// <summary>Writes all small content that only the metadata has to its files.</summary>
    /// <exception cref="StorageException">Content could not be written, and is still in the metadata only.</exception>
    public Task WriteOutAsync() => _stagedFiles.WriteOutAsync(int.MaxValue, CancellationToken.None);

    /// <summary>Writes to the files what only the metadata has now: small content, and changes of the tree.</summary>
    /// <exception cref="StorageException">Something could not be written; the message is a sentence.</exception>
    public async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await WriteOutAsync();
        if (await _tree.CatchUpAsync().WaitAsync(cancellationToken) is { } reason)
        {
            throw new StorageException(reason);
        }
    }

    /// <summary>Writes small content to its files, brings the tree up to date, and stops. Does nothing when they have stopped.</summary>
    /// <param name="cutOff">Ends the work: the next start continues.</param>
    public async ValueTask StopAsync(CancellationToken cutOff)
    {
        if (_staged is not null)
        {
            await _staged.StopAsync(cutOff);
        }

        await _tree.StopAsync(cutOff);
        _stagedFiles.Dispose();
    }

    public ValueTask DisposeAsync() => StopAsync(CancellationToken.None);
}
