using Registry.Interop.Tests.Packages;
using Registry.Testing;
using Registry.Testing.Engines;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Nodes;

/// <summary>Three nodes as docs/many-nodes.md starts them, behind a real nginx with the configuration of the page, on a real PostgreSQL and a real S3.</summary>
public sealed class ManyNodes : IAsyncLifetime
{
    private const string Page = "docs/many-nodes.md";
    private const int Count = 3;

    private readonly TemporaryFolder _folder = new("nodes");
    private readonly List<RegistryProcess> _nodes = [];
    private PostgresServer? _postgres;
    private CephGateway? _ceph;
    private NginxServer? _nginx;

    /// <summary>Prefix of image references: the balancer.</summary>
    public string HostPort => $"127.0.0.1:{Nginx.Port}";

    internal NginxServer Nginx => _nginx!;

    internal RegistryHttp Http { get; private set; } = null!;

    /// <summary>The nodes.</summary>
    internal IReadOnlyList<RegistryProcess> Nodes => _nodes;

    public async ValueTask InitializeAsync()
    {
        Requires.Program("nginx", "nginx");
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed: apt-get install postgresql-15");
        Assert.SkipUnless(CephGateway.IsInstalled, "Ceph is not installed: apt-get install ceph-mon ceph-osd radosgw ceph-common");
        _postgres = await PostgresServer.StartAsync();
        _ceph = await CephGateway.StartAsync();
        await _ceph.CreateBucketAsync("registry");
        await CreateDatabaseAsync();
        Dictionary<string, string?> settings = ReadSettings();
        for (int i = 0; i < Count; i++)
        {
            _nodes.Add(await RegistryProcess.StartAsync(_folder.File("unused"), settings, cancellationToken: TestContext.Current.CancellationToken));
        }

        _nginx = await StartBalancerAsync();
        Http = new RegistryHttp(new Uri($"http://{HostPort}"));
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        await (_nginx?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (RegistryProcess node in _nodes)
        {
            await node.DisposeAsync();
        }

        await (_ceph?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_postgres?.DisposeAsync() ?? ValueTask.CompletedTask);
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
        return settings;
    }

    private Task<NginxServer> StartBalancerAsync()
    {
        int port = FreePorts.Find(1)[0];
        string server = InstallGuide.Replace(
            Assert.Single(InstallGuide.Blocks("The balancer", "nginx", Page)),
            ("listen 80", $"listen 127.0.0.1:{port}"),
            ("10.0.0.1:15000", _nodes[0].HostPort),
            ("10.0.0.2:15000", _nodes[1].HostPort),
            ("10.0.0.3:15000", _nodes[2].HostPort));
        return NginxServer.StartAsync(_folder, server, port, TestContext.Current.CancellationToken);
    }
}
