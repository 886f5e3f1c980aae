using Registry.Interop.Tests.Packages;
using Registry.Testing;
using Registry.Testing.Engines;

namespace Registry.Interop.Tests.Nodes;

/// <summary>Three nodes as docs/many-nodes.md starts them, on a real PostgreSQL and a real S3; and on demand three more that send clients to the S3.</summary>
public sealed class ManyNodes : IAsyncLifetime
{
    internal const string Page = "docs/many-nodes.md";

    private readonly TemporaryFolder _folder = new("stores");
    private PostgresServer? _postgres;
    private CephGateway? _ceph;
    private NodeGroup? _plain;
    private NodeGroup? _redirecting;

    /// <summary>Nodes.</summary>
    /// <param name="redirects">True for those that send clients to the store.</param>
    internal async Task<NodeGroup> StartAsync(bool redirects) => redirects
        ? _redirecting ??= await NodeGroup.StartAsync(new Dictionary<string, string?>(ReadSettings())
        {
            ["REGISTRY_S3_REDIRECT"] = "true",

            // Another host name than that of the registry, so that no client takes its credentials there.
            ["REGISTRY_S3_PUBLIC_ENDPOINT"] = $"http://localhost:{_ceph!.Endpoint.Port}",
        })
        : _plain ??= await NodeGroup.StartAsync(ReadSettings());

    public async ValueTask InitializeAsync()
    {
        Requires.Program("nginx", "nginx");
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed: apt-get install postgresql-15");
        Assert.SkipUnless(CephGateway.IsInstalled, "Ceph is not installed: apt-get install ceph-mon ceph-osd radosgw ceph-common");
        _postgres = await PostgresServer.StartAsync();
        _ceph = await CephGateway.StartAsync();
        await _ceph.CreateBucketAsync("registry");
        await CreateDatabaseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable? part in new IAsyncDisposable?[] { _redirecting, _plain, _ceph, _postgres })
        {
            await (part?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _folder.Dispose();
    }

    // The statements of the page, for another database than the one that exists.
    private async Task CreateDatabaseAsync()
    {
        string sql = InstallGuide.Replace(
            Assert.Single(InstallGuide.Blocks("From one node to three", "sql", Page)),
            ("CREATE ROLE registry", "CREATE ROLE guide"),
            ("CREATE DATABASE registry OWNER registry", "CREATE DATABASE guide OWNER guide"));
        foreach (string statement in sql.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            _ = await _postgres!.QueryAsync(statement);
        }
    }

    // The settings of the command on the page, with the addresses and keys of these stores.
    private Dictionary<string, string?> ReadSettings()
    {
        File.WriteAllText(_folder.File("postgres"), $"postgres://guide:a%20long%20password@127.0.0.1:{_postgres!.Port}/guide\n");
        File.WriteAllText(_folder.File("s3-access-key"), CephGateway.AccessKey);
        File.WriteAllText(_folder.File("s3-secret-key"), CephGateway.SecretKey);
        string command = InstallGuide.Replace(
            Assert.Single(InstallGuide.Blocks("From one node to three", "bash", Page)),
            ("/run/secrets", _folder.Path),
            ("https://s3.example.com", _ceph!.Endpoint.GetLeftPart(UriPartial.Authority)));
        var settings = command.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.TrimEnd(' ', '\\').Split('=', 2))
            .Where(words => words.Length == 2)
            .ToDictionary(words => words[0], words => (string?)words[1]);
        Assert.Equal(7, settings.Count);
        settings["REGISTRY_S3_REGION"] = CephGateway.Region;
        settings["REGISTRY_TRUSTED_PROXIES"] = "127.0.0.1";

        // Six nodes stay below the limit of the server.
        settings["REGISTRY_POSTGRES_POOL_SIZE"] = "8";
        return settings;
    }
}
