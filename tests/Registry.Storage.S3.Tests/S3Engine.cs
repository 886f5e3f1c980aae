using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Objects;
using Registry.Core.Policies;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Uploads.Sessions;
using Registry.Storage.Contracts;
using Registry.Storage.Sqlite;

namespace Registry.Storage.S3.Tests;

/// <summary>Blobs and uploads in a bucket, under a prefix of their own; their rows in a database.</summary>
internal sealed class S3Engine : IByteEngine
{
    private readonly TemporaryFolder _folder = new("s3", isInMemory: true);
    private readonly S3Settings _settings;
    private readonly Func<HttpMessageHandler, HttpMessageHandler>? _around;
    private readonly RecurringFaults _faults = new(TimeProvider.System, NullLogger<RecurringFaults>.Instance);
    private SqliteDatabase _database;

    /// <param name="settings">The bucket.</param>
    /// <param name="around">Puts a handler around the connections; null for none.</param>
    public S3Engine(S3Settings settings, Func<HttpMessageHandler, HttpMessageHandler>? around = null)
    {
        _settings = settings;
        _around = around;
        Open();
    }

    public FakeTimeProvider Time { get; } = new();

    public S3Storage Storage { get; private set; }

    public IObjectLedger Ledger { get; private set; }

    public IBlobStore Blobs => Storage.Blobs;

    public IUploadBytes UploadBytes => Storage.UploadBytes;

    public UploadStore Uploads { get; private set; }

    public IUploadSessions Sessions { get; private set; }

    public IMetadataStore Metadata { get; private set; }

    public Staging Staging { get; private set; }

    public bool ListsDigests => false;

    // The delay of deletions keeps it; this engine has none. See S3BlobStoreTests.
    public bool KeepsOpenContent => false;

    public IUploadSessions OpenSessions() => new SqliteUploadSessions(_database);

    /// <summary>Opens the bytes as another process does, with the same rows.</summary>
    /// <param name="around">Puts a handler around its connections; null for none.</param>
    public S3Storage OpenProcess(Func<HttpMessageHandler, HttpMessageHandler>? around = null) => OpenProcess(_settings, around);

    /// <summary>The same with settings of its own.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="around">Puts a handler around its connections; null for none.</param>
    public S3Storage OpenProcess(S3Settings settings, Func<HttpMessageHandler, HttpMessageHandler>? around = null) =>
        new(settings, Ledger, _faults, TimeProvider.System, NullLoggerFactory.Instance, around);

    /// <summary>Opens the bytes as a node does, whose rows are in an engine that nodes share.</summary>
    /// <param name="ledger">The rows of the objects.</param>
    /// <param name="around">Puts a handler around its connections; null for none.</param>
    public S3Storage OpenNode(IObjectLedger ledger, Func<HttpMessageHandler, HttpMessageHandler>? around) =>
        new(_settings, ledger, _faults, TimeProvider.System, NullLoggerFactory.Instance, around);

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
        _faults.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_database), nameof(Storage), nameof(Ledger), nameof(Uploads), nameof(Sessions), nameof(Metadata), nameof(Staging))]
    private void Open()
    {
        _database = SqliteDatabase.Open(_folder.File("registry.db"), new StorageHealth(NullLogger<StorageHealth>.Instance), Time);
        Ledger = new SqliteObjectLedger(_database);
        Storage = OpenProcess(_around);
        Metadata = new SqliteMetadataStore(_database, Time, NoRules.Instance);
        Sessions = OpenSessions();
        Staging = new Staging(new SqliteStagedContent(_database), UploadBytes.EnsureRoomAsync);
        Uploads = new UploadStore(
            UploadBytes, Sessions, Staging, new StorageLimits { BlobMaxSize = long.MaxValue }, Time, NullLogger<UploadStore>.Instance);
    }

    private void Close()
    {
        Storage.Dispose();
        _database.Dispose();
    }
}
