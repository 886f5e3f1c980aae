using Registry.Testing;
using Registry.Testing.Engines;

namespace Registry.Bench.Peers;

/// <summary>
/// Two nodes of the registry on a PostgreSQL that syncs and an S3 store, and distribution on the same store: once directly, and once through a counter of the
/// requests to the store. Each has a bucket of its own.
/// </summary>
internal sealed class NodesField : IAsyncDisposable
{
    private readonly TemporaryFolder _folders = new("nodes");
    private readonly Stack<IAsyncDisposable> _started = new();
    private PostgresServer _postgres = null!;
    private CephGateway _store = null!;

    private NodesField()
    {
    }

    /// <summary>What is not installed, as a sentence; null if nothing is missing.</summary>
    public static string? Missing =>
        !PostgresServer.IsInstalled ? "PostgreSQL is not installed (apt-get install postgresql-15)"
        : !CephGateway.IsInstalled ? "the S3 gateway of Ceph is not installed (apt-get install ceph-mon ceph-osd radosgw ceph-common)"
        : null;

    /// <summary>The first node.</summary>
    public Contestant Node { get; private set; } = null!;

    /// <summary>Meter of the database, of all nodes together.</summary>
    public ProcessMeter Database => ProcessMeter.OfChildren(_postgres.ProcessId);

    /// <summary>A second node on the same database and bucket.</summary>
    public Contestant SecondNode { get; private set; } = null!;

    /// <summary>A node on a database and a bucket of its own, whose requests to the store are counted.</summary>
    public (Contestant Server, StoreCounter Store) CountedNode { get; private set; }

    /// <summary>distribution; null if it is not at hand.</summary>
    public Contestant? Distribution { get; private set; }

    /// <summary>distribution with a bucket of its own, whose requests to the store are counted; null if it is not at hand.</summary>
    public (Contestant Server, StoreCounter Store)? CountedDistribution { get; private set; }

    /// <summary>The first node, and distribution if it is at hand.</summary>
    public IReadOnlyList<Contestant> Registries => Distribution is { } distribution ? [Node, distribution] : [Node];

    /// <summary>Starts the stores and the servers.</summary>
    /// <param name="program">The published registry.</param>
    /// <param name="settings">REGISTRY_ variables for the nodes.</param>
    /// <param name="distribution">Name and path of distribution; null without.</param>
    public static async Task<NodesField> StartAsync(RegistryProgram program, IReadOnlyDictionary<string, string> settings, (string Name, string Program)? distribution)
    {
        var field = new NodesField();
        try
        {
            await field.StartAllAsync(program, settings, distribution);
            return field;
        }
        catch
        {
            await field.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        while (_started.TryPop(out var server))
        {
            await server.DisposeAsync();
        }

        _folders.Dispose();
    }

    private async Task StartAllAsync(RegistryProgram program, IReadOnlyDictionary<string, string> settings, (string Name, string Program)? distribution)
    {
        _postgres = Add(await PostgresServer.StartAsync(isDurable: true));
        _store = Add(await CephGateway.StartAsync());
        var shared = await StoresOfAsync("shared", _store.Endpoint);
        Node = Add(await RegistryServer.StartAsync(program, _folders.Folder("node-1"), Merge(settings, shared)));
        SecondNode = Add(await RegistryServer.StartAsync(program, _folders.Folder("node-2"), Merge(settings, shared)));
        var counter = Add(new StoreCounter(_store.Endpoint));
        CountedNode = (Add(await RegistryServer.StartAsync(program, _folders.Folder("node-3"), Merge(settings, await StoresOfAsync("counted", counter.Address)))), counter);
        if (distribution is var (name, path))
        {
            Distribution = Add(await StartDistributionAsync(name, path, "distribution", _store.Endpoint));
            var counterOfIts = Add(new StoreCounter(_store.Endpoint));
            CountedDistribution = (Add(await StartDistributionAsync(name, path, "distribution-counted", counterOfIts.Address)), counterOfIts);
        }
    }

    // A new database, and a new bucket of the same name.
    private async Task<Dictionary<string, string>> StoresOfAsync(string name, Uri store)
    {
        await _store.CreateBucketAsync(name);
        var variables = _store.VariablesOf(name, store);
        variables["REGISTRY_METADATA"] = "postgres";
        variables["REGISTRY_POSTGRES"] = await _postgres.CreateDatabaseAsync(name);
        return variables.ToDictionary(variable => variable.Key, variable => variable.Value!, StringComparer.Ordinal);
    }

    private async Task<Contestant> StartDistributionAsync(string name, string program, string bucket, Uri store)
    {
        await _store.CreateBucketAsync(bucket);
        return await DistributionServer.StartOnS3Async(name, program, _folders, store, bucket);
    }

    private T Add<T>(T server)
        where T : IAsyncDisposable
    {
        _started.Push(server);
        return server;
    }

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> settings, Dictionary<string, string> stores) =>
        stores.Concat(settings).ToDictionary(StringComparer.Ordinal);
}
