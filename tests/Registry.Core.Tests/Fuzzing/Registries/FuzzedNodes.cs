using Microsoft.Extensions.Logging;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Postgres;
using Registry.Storage.S3;

namespace Registry.Core.Tests.Fuzzing.Registries;

#pragma warning disable CA5394 // No secrets: the same seed chooses the same nodes.

/// <summary>
/// Two nodes with one database and one bucket. Time is the clock of the database, which stands between the operations; nodes learn of it as they do in
/// production, by the statements that they run.
/// </summary>
/// <param name="seed">Chooses the node of each operation.</param>
/// <param name="references">Which references must exist.</param>
/// <param name="trash">Time that deleted manifests stay in the trash; zero for no trash.</param>
/// <param name="createDatabase">Creates the database, whose clock stands.</param>
/// <param name="bucket">The bucket, whose objects are deleted at once.</param>
internal sealed class FuzzedNodes(
    int seed, ManifestReferences references, TimeSpan trash, Func<Task<PostgresSettings>> createDatabase, S3Settings bucket) : IFuzzedRegistry
{
    private const int Count = 2;
    private const int All = 10_000;

    private readonly Random _random = new(seed);
    private readonly StandingTime _time = new();
    private readonly TemporaryFolder _folder = new("fuzz", isInMemory: true);
    private readonly RecordedLog _log = new();
    private readonly List<Node> _nodes = [];
    private readonly List<Node> _frozen = [];
    private PostgresSettings? _database;
    private ILoggerFactory? _loggers;
    private int _chosen;

    public RegistryStorage Storage => _nodes[_chosen].Storage;

    public RegistryCore Core => _nodes[_chosen].Core;

    public bool StartsIdleTimes => false;

    public DateTimeOffset Now => _time.GetUtcNow();

    public async Task StartAsync()
    {
        _loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(_log));
        _database = await createDatabase();
        while (_nodes.Count < Count)
        {
            _nodes.Add(await StartNodeAsync());
        }
    }

    public string Choose()
    {
        _chosen = _random.Next(Count);
        _time.GoOn();
        return $"node {_chosen}: ";
    }

    public Task AdvanceAsync(int seconds) => SharedDatabase.AdvanceAsync(_database!, TimeSpan.FromSeconds(seconds));

    public async Task RestartAsync()
    {
        await _nodes[_chosen].DisposeAsync();
        _nodes[_chosen] = await StartNodeAsync();
    }

    // It stands still, with its connections and its row: what the others see of a node that was killed, for as long as its lease lasts.
    public async Task KillAsync()
    {
        _frozen.Add(_nodes[_chosen]);
        _nodes[_chosen] = await StartNodeAsync();
    }

    public Task<IReadOnlyList<Digest>?> LoseDatabaseAsync() => Task.FromResult<IReadOnlyList<Digest>?>(null);

    public async Task<byte[]?> ReadStoredAsync(Digest digest)
    {
        var stored = (await Storage.VerifierMetadata.ListStoredAsync(afterId: 0, All)).SingleOrDefault(content => content.Digest == digest);
        return stored is null ? null : await Storage.Blobs.ReadAsync(new BlobPlace(digest, stored.Key));
    }

    public async Task<IReadOnlyList<Digest>> ListStoredAsync()
    {
        // The first round finds the objects of pushes that failed; they go a day later.
        await Storage.Bucket!.DeleteDueAsync(default);
        await AdvanceAsync((int)TimeSpan.FromHours(25).TotalSeconds);
        await Storage.Bucket.DeleteDueAsync(default);
        var stored = await Storage.VerifierMetadata.ListStoredAsync(afterId: 0, All);
        var orphans = await Storage.CollectorMetadata.ListOrphansAsync(All);
        var known = stored.Select(content => content.Key).ToHashSet();
        await foreach (var place in Storage.Blobs.ListAsync())
        {
            if (place.Key is { } key && !known.Contains(key))
            {
                throw new ModelViolationException($"the object {key} is left in the bucket, and nothing has it");
            }
        }

        return [.. stored.Select(content => content.Digest), .. orphans];
    }

    public async Task StopAsync()
    {
        foreach (var node in _nodes.Concat(_frozen))
        {
            await node.DisposeAsync();
        }

        FuzzedLog.ExpectQuiet(_log);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Concat(_frozen))
        {
            await node.DisposeAsync();
        }

        _loggers?.Dispose();
        _log.Dispose();
        _folder.Dispose();
    }

    private async Task<Node> StartNodeAsync()
    {
        var storage = await RegistryStorage.OpenAsync(
            new StorageChoice(_folder.Path) { Database = _database, Bucket = bucket }, NoRules.Instance, _time, _loggers!);
        var core = new RegistryCore(
            storage.Ports,
            new CoreSettings { Grace = TimeSpan.FromSeconds(RegistryModel.Grace), VerifyPeriod = TimeSpan.FromMinutes(1), References = references, Trash = trash, IsReadOnly = static () => false },
            _time,
            _loggers!);
        return new Node(storage, core);
    }

    // The wall clock of both nodes, to the millisecond, as changes have it. Timers run on, so that leases are renewed.
    private sealed class StandingTime : TimeProvider
    {
        private DateTimeOffset _now = Read();

        public override DateTimeOffset GetUtcNow() => _now;

        public void GoOn() => _now = Read();

        private static DateTimeOffset Read() => DateTimeOffset.FromUnixTimeMilliseconds(System.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private sealed class Node(RegistryStorage storage, RegistryCore core) : IAsyncDisposable
    {
        private bool _isClosed;

        public RegistryStorage Storage => storage;

        public RegistryCore Core => core;

        public async ValueTask DisposeAsync()
        {
            if (!_isClosed)
            {
                _isClosed = true;
                await storage.DisposeAsync();
            }
        }
    }
}
