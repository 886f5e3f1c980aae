using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Registry.Core.Caching;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Verification;
using Registry.Storage.Postgres;
using Registry.Storage.Postgres.Access;
using Registry.Storage.Postgres.Activity;
using Registry.Storage.Postgres.Events;
using Registry.Storage.Postgres.Inventory;
using Registry.Storage.Postgres.Mirroring;
using Registry.Storage.Postgres.Nodes;
using Registry.Storage.Postgres.Policies;
using Registry.Storage.Postgres.Retention;
using Registry.Storage.Postgres.SmallContent;

namespace Registry.Storage.Metadata;

/// <summary>
/// Metadata in PostgreSQL, which any number of processes share. No result of a lookup stays in memory: another process may change it at any time.
/// </summary>
public sealed class MetadataInPostgres : IStoredMetadata
{
    private readonly PostgresDatabase _database;
    private readonly StorageHealth _health;
    private readonly MetadataPorts _ports;

    private MetadataInPostgres(PostgresDatabase database, StorageEnvironment environment)
    {
        _database = database;
        _health = new StorageHealth(environment.Loggers.CreateLogger<StorageHealth>());
        _ports = new MetadataPorts
        {
            Metadata = new PostgresMetadataStore(database, environment.Time, environment.Rules),
            Collector = new PostgresCollectorMetadata(database, environment.Time, environment.Rules),
            Listing = new PostgresMetadataListing(database),
            IndexTarget = new PostgresIndexTarget(database, environment.Time),
            Changes = new PostgresChangeFeed(database),
            History = new PostgresTagHistory(database),
            Activity = new PostgresActivity(database),
            Trash = new PostgresTrash(database, environment.Time),
            Repositories = new PostgresRepositories(database, environment.Time, environment.Rules),
            Space = new PostgresSpaceMetadata(database),
            Inventory = new PostgresInventory(database),
            Mirror = new PostgresMirror(database, environment.Time),
            Retention = new PostgresRetention(database, environment.Time, environment.Rules),
            Policies = new PostgresPolicyMetadata(database),
            Events = new PostgresEventDeliveries(database),
            Sessions = new PostgresUploadSessions(database),
            WebSessions = new PostgresWebSessions(database),
            Staged = new PostgresStagedContent(database),
            Objects = new PostgresObjectLedger(database),
            Clock = database.Clock,
        };
    }

    /// <summary>Server and database for people, such as <c>the database registry of PostgreSQL at db:5432</c>.</summary>
    public string Address => _database.Address;

    string IStoredMetadata.Name => Address;

    MetadataPorts IStoredMetadata.Ports => _ports;

    StorageHealth IStoredMetadata.Health => _health;

    // Promises and sessions are in rows, and the database recovers by itself.
    bool IStoredMetadata.WasStoppedUncleanly => false;

    /// <inheritdoc cref="PostgresDatabase.AddMetricsTo"/>
    public void AddMetricsTo(Meter meter) => _database.AddMetricsTo(meter);

    /// <inheritdoc cref="PostgresDatabase.TakeTurnAsync"/>
    public Task<bool> TakeTurnAsync(string work, TimeSpan period) => _database.TakeTurnAsync(work, period);

    /// <inheritdoc cref="PostgresDatabase.NewerSchema"/>
    public long? NewerSchema => _database.NewerSchema;

    /// <inheritdoc cref="PostgresDatabase.DescribeShortageAsync"/>
    public Task<string?> DescribeShortageAsync() => _database.DescribeShortageAsync();

    /// <inheritdoc cref="PostgresMigration.CountOthersAsync"/>
    public Task<long> CountOthersAsync() => new PostgresMigration(_database).CountOthersAsync();

    /// <summary>Connects to the database, and creates what is missing.</summary>
    /// <param name="settings">The connection.</param>
    /// <param name="environment">Settings and tools.</param>
    /// <exception cref="StorageChoiceException">The database cannot be used.</exception>
    internal static async Task<MetadataInPostgres> OpenAsync(PostgresSettings settings, StorageEnvironment environment) =>
        new(await ConnectAsync(settings, environment.Metrics), environment);

    /// <summary>Connects to the database, and creates what is missing.</summary>
    /// <param name="settings">The connection.</param>
    /// <param name="metrics">Metrics of the storage; null to measure nothing.</param>
    /// <exception cref="StorageChoiceException">The database cannot be used.</exception>
    internal static async Task<PostgresDatabase> ConnectAsync(PostgresSettings settings, StorageMetrics? metrics = null)
    {
        try
        {
            return await PostgresDatabase.OpenAsync(settings, metrics);
        }
        catch (StorageException e)
        {
            throw StorageChoiceException.OfDatabase(e);
        }
    }

    // What memory has is the content of its digest, even if other bytes were lost meanwhile, so nothing is forgotten. Whether a repository may see it is in the
    // database.
    IVerifierMetadata IStoredMetadata.OpenVerifierMetadata(ContentCache contents) => new PostgresVerifierMetadata(_database);

    IStagedQuarantine IStoredMetadata.OpenQuarantine(IVerifierMetadata metadata) => new PostgresStagedQuarantine(_database);

    // The server refuses by itself when its disk is full.
    ValueTask IStoredMetadata.EnsureRoomAsync() => ValueTask.CompletedTask;

    IUploadBytes IStoredMetadata.Admit(IUploadBytes bytes) => bytes;

    Task IStoredMetadata.CheckBucketAsync() => Task.CompletedTask;

    Task IStoredMetadata.RecordBucketAsync() => Task.CompletedTask;

    Task<ECDsa> IStoredMetadata.OpenTokenKeyAsync() => new PostgresTokenKey(_database).OpenOrCreateAsync();

    Task IStoredMetadata.ReplaceTokenKeyAsync(ECDsa key) => new PostgresTokenKey(_database).ReplaceAsync(key);

    string IStoredMetadata.HowToUnmark => $"run DELETE FROM migration in {Address}";

    Task<MigrationMark?> IStoredMetadata.ReadMigrationAsync() => new PostgresMigration(_database).ReadAsync();

    Task IStoredMetadata.MarkMigrationAsync(MigrationMark? mark) => new PostgresMigration(_database).MarkAsync(mark);

    async Task<bool> IStoredMetadata.IsUsedByOthersAsync() => await CountOthersAsync() > 0;

    Task<StorageTotals> IStoredMetadata.ReadTotalsAsync() => _database.ReadTotalsAsync();

    Task IStoredMetadata.TryWriteAsync() => _database.TryWriteAsync();

    ValueTask IAsyncDisposable.DisposeAsync() => _database.DisposeAsync();
}
