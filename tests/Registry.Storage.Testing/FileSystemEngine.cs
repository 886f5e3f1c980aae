using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Policies;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Uploads.Sessions;
using Registry.Storage.Contracts;
using Registry.Storage.Files;
using Registry.Storage.Files.Blobs;
using Registry.Storage.Files.Space;
using Registry.Storage.Files.Uploads;
using Registry.Storage.Sqlite;

namespace Registry.Storage.Testing;

/// <summary>Blobs and uploads in a temporary folder; the sessions of uploads in the database beside them.</summary>
internal sealed class FileSystemEngine : IByteEngine
{
    /// <summary>Number of storage threads.</summary>
    public const int StorageThreadCount = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly int _maxUploads;
    private DataFolder _data;
    private SqliteDatabase _database;

    public FileSystemEngine(int maxUploads = 10_000)
    {
        _maxUploads = maxUploads;
        Open();
    }

    public DataPaths Paths => _data.Paths;

    public StorageHealth Health { get; private set; }

    public StorageThreads Threads { get; private set; }

    public IBlobStore Blobs { get; private set; }

    public IUploadBytes UploadBytes { get; private set; }

    public UploadStore Uploads { get; private set; }

    public IUploadSessions Sessions { get; private set; }

    public IMetadataStore Metadata { get; private set; }

    public bool ListsDigests => true;

    public bool KeepsOpenContent => true;

    public FakeTimeProvider Time { get; } = new();

    public IUploadSessions OpenSessions() => new SqliteUploadSessions(_database);

    public void Advance(TimeSpan time) => Time.Advance(time);

    public Task ReopenAsync()
    {
        Close();
        Open();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        Close();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_data), nameof(_database), nameof(Health), nameof(Threads), nameof(Blobs), nameof(UploadBytes), nameof(Uploads), nameof(Sessions), nameof(Metadata))]
    private void Open()
    {
        _data = DataFolder.Open(_folder.Path);
        Health = new StorageHealth(NullLogger<StorageHealth>.Instance);
        Threads = new StorageThreads("test storage", StorageThreadCount);
        var sync = new CheckedSync(Health);
        var placement = new BlobPlacement(Paths, sync);
        var admission = new Admission(Threads, Health, new DiskReserve(Paths.Root, 0, Time));
        _database = SqliteDatabase.Open(Paths.Database, Health, Time);
        var staged = new SqliteStagedContent(_database);
        Blobs = new StagedBlobStore(new FileSystemBlobStore(Paths, Threads, placement, new DigestLocks(), sync, admission), staged);
        Metadata = new SqliteMetadataStore(_database, Time, NoRules.Instance);
        UploadBytes = new FileSystemUploadBytes(
            Paths, Threads, placement, admission, new RecurringFaults(Time, NullLogger<RecurringFaults>.Instance), NullLogger<FileSystemUploadBytes>.Instance);
        Sessions = OpenSessions();
        Uploads = new UploadStore(
            UploadBytes,
            Sessions,
            new Staging(staged, admission.EnsureRoomAsync),
            new StorageLimits { MaxUploads = _maxUploads, BlobMaxSize = long.MaxValue },
            Time,
            NullLogger<UploadStore>.Instance);
    }

    private void Close()
    {
        Threads.Dispose();
        _database.Dispose();
        _data.Dispose();
    }
}
