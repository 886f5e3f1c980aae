using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Collection;
using Registry.Core.Errors;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Verification;
using Registry.Storage.Files.Blobs;
using Registry.Storage.Files.Space;
using Registry.Storage.Files.Tree;
using Registry.Storage.Files.Uploads;

namespace Registry.Storage.Files;

/// <summary>The engine of files: blobs, bytes of uploads in progress and the repositories tree of a data folder.</summary>
public sealed class FileStorage
{
    /// <summary>Opens the stores. Nothing runs in the background before <see cref="FileFollowers"/>.</summary>
    /// <param name="paths">Paths of the folder, which only this process uses.</param>
    /// <param name="staged">Small content in the metadata.</param>
    /// <param name="threads">Threads for work that blocks.</param>
    /// <param name="health">Health of the storage.</param>
    /// <param name="admission">Refuses new content that could not be kept.</param>
    /// <param name="faults">Faults that recur with each request.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="metrics">Metrics; null for none.</param>
    public FileStorage(
        DataPaths paths,
        IStagedContent staged,
        StorageThreads threads,
        StorageHealth health,
        Admission admission,
        RecurringFaults faults,
        ILoggerFactory loggers,
        StorageMetrics? metrics = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(admission);
        Paths = paths;
        Staged = staged;
        Threads = threads;
        Health = health;
        Sync = new CheckedSync(health, metrics);
        Placement = new BlobPlacement(paths, Sync);
        Staging = new Staging(staged, admission.EnsureRoomAsync);
        Blobs = new StagedBlobStore(new FileSystemBlobStore(paths, threads, Placement, Locks, Sync, admission), staged);
        UploadBytes = new FileSystemUploadBytes(paths, threads, Placement, admission, faults, loggers.CreateLogger<FileSystemUploadBytes>());
        Scrub = new BlobScrub(paths, threads, Sync);
        var treeLog = loggers.CreateLogger<TreeReader>();
        Tree = new TreeReader(paths, finding => TreeFindings.LogFinding(treeLog, finding));
        Links = new TreeLinks(paths);
    }

    /// <summary>Blobs, with small content while it is staged.</summary>
    public IBlobStore Blobs { get; }

    /// <summary>Admits small content into the metadata.</summary>
    public Staging Staging { get; }

    /// <summary>Bytes of uploads in progress.</summary>
    public IUploadBytes UploadBytes { get; }

    /// <summary>Blobs for the verifier.</summary>
    public IBlobScrubber Scrub { get; }

    /// <summary>Repositories tree.</summary>
    public TreeReader Tree { get; }

    /// <summary>Links of the repositories tree, for finding those to bytes that the metadata does not know.</summary>
    public ILinkSearch Links { get; }

    internal DataPaths Paths { get; }

    internal IStagedContent Staged { get; }

    internal StorageThreads Threads { get; }

    internal StorageHealth Health { get; }

    internal CheckedSync Sync { get; }

    internal BlobPlacement Placement { get; }

    internal DigestLocks Locks { get; } = new();

    /// <summary>Opens the blobs of a folder that another process may be using.</summary>
    /// <param name="paths">Paths of the folder.</param>
    /// <param name="staged">Small content in the metadata.</param>
    /// <param name="threads">Threads for work that blocks.</param>
    /// <param name="health">Health of the storage.</param>
    /// <returns>Blobs, for reading only.</returns>
    public static IBlobStore OpenToRead(DataPaths paths, IStagedContent staged, StorageThreads threads, StorageHealth health)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var sync = new CheckedSync(health);
        var admission = new Admission(threads, health, new DiskReserve(paths.Root, reserve: 0, TimeProvider.System));
        return new StagedBlobStore(new FileSystemBlobStore(paths, threads, new BlobPlacement(paths, sync), new DigestLocks(), sync, admission), staged);
    }
}
