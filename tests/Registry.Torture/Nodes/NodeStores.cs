using Registry.Testing.Engines;

namespace Registry.Torture.Nodes;

/// <summary>Stores of nodes: a real PostgreSQL that syncs its commits, and the gateway of Ceph with an empty bucket.</summary>
internal sealed class NodeStores : IAsyncDisposable
{
    private const string Bucket = "registry";

    private NodeStores(PostgresServer postgres, CephGateway ceph) => (Postgres, Ceph) = (postgres, ceph);

    /// <summary>Debian packages that they need, as program and package.</summary>
    public static IReadOnlyList<(string Program, string Package)> Needs =>
    [
        ("pg_lsclusters", "postgresql-15"), ("ceph-mon", "ceph-mon"), ("ceph-osd", "ceph-osd"), ("radosgw", "radosgw"), ("ceph", "ceph-common"),
    ];

    /// <summary>The database.</summary>
    public PostgresServer Postgres { get; }

    /// <summary>The S3 store.</summary>
    public CephGateway Ceph { get; }

    /// <summary>Settings of a registry on them, as variables.</summary>
    public IReadOnlyDictionary<string, string?> Settings => new Dictionary<string, string?>(Ceph.VariablesOf(Bucket))
    {
        ["REGISTRY_METADATA"] = "postgres",
        ["REGISTRY_POSTGRES"] = Postgres.ConnectionString,
    };

    /// <summary>Starts them.</summary>
    /// <param name="diskSize">Bytes of the disk of the S3 store; null for one in memory.</param>
    public static async Task<NodeStores> StartAsync(long? diskSize = null)
    {
        // A statement that waits is in the log with what it waits for.
        var postgres = await PostgresServer.StartAsync(isDurable: true, "log_lock_waits=on", "log_min_duration_statement=5s", "log_line_prefix=%m [%p] %r ");
        CephGateway? ceph = null;
        try
        {
            ceph = await CephGateway.StartAsync(diskSize);
            await ceph.CreateBucketAsync(Bucket);
            return new NodeStores(postgres, ceph);
        }
        catch
        {
            await (ceph?.DisposeAsync() ?? ValueTask.CompletedTask);
            await postgres.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Ceph.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}
