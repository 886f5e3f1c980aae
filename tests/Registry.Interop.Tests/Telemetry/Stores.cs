using Registry.Testing.Engines;

namespace Registry.Interop.Tests.Telemetry;

/// <summary>A real PostgreSQL and a real S3, for a registry with both engines.</summary>
internal sealed class Stores : IAsyncDisposable
{
    private const string Bucket = "registry";

    private readonly PostgresServer _postgres;
    private readonly CephGateway _ceph;

    private Stores(PostgresServer postgres, CephGateway ceph) => (_postgres, _ceph) = (postgres, ceph);

    /// <summary>Starts both. A test without one of them is skipped.</summary>
    public static async Task<Stores> StartAsync()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed: apt-get install postgresql-15");
        Assert.SkipUnless(CephGateway.IsInstalled, "Ceph is not installed: apt-get install ceph-mon ceph-osd radosgw ceph-common");
        PostgresServer postgres = await PostgresServer.StartAsync();
        CephGateway? ceph = null;
        try
        {
            ceph = await CephGateway.StartAsync();
            await ceph.CreateBucketAsync(Bucket);
            return new Stores(postgres, ceph);
        }
        catch
        {
            await (ceph?.DisposeAsync() ?? ValueTask.CompletedTask);
            await postgres.DisposeAsync();
            throw;
        }
    }

    /// <summary>Adds the variables of a node.</summary>
    public void Configure(Dictionary<string, string?> variables)
    {
        variables["REGISTRY_METADATA"] = "postgres";
        variables["REGISTRY_POSTGRES"] = _postgres.ConnectionString;
        foreach ((string name, string? value) in _ceph.VariablesOf(Bucket))
        {
            variables[name] = value;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ceph.DisposeAsync();
        await _postgres.DisposeAsync();
    }
}
