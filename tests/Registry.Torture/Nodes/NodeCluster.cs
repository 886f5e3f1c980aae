using System.Globalization;
using Registry.Testing;
using Registry.Testing.Engines;
using Registry.Testing.Processes;

namespace Registry.Torture.Nodes;

/// <summary>
/// Three nodes behind a real nginx without stickiness, on a real PostgreSQL and a real S3, all in folders of their own. The clocks of the nodes differ by up to two hours.
/// </summary>
internal sealed class NodeCluster : IAsyncDisposable
{
    /// <summary>Header of answers with the nodes that nginx has asked, and their statuses.</summary>
    public const string UpstreamHeader = "X-Upstream";

    private const string Bucket = "registry";

    // Differences of the clocks of the nodes to that of the stores.
    private static readonly TimeSpan[] Clocks = [TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.FromHours(-1)];

    private readonly TemporaryFolder _folder = new("nodes");
    private readonly List<ClusterNode> _nodes = [];
    private readonly Dictionary<string, string?> _settings;
    private CephGateway? _ceph;
    private PostgresServer? _postgres;
    private NginxServer? _nginx;

    private NodeCluster(IReadOnlyDictionary<string, string?> settings) => _settings = new(settings);

    /// <summary>Debian packages that it needs, as program and package.</summary>
    public static IReadOnlyList<(string Program, string Package)> Needs =>
    [
        ("nginx", "nginx"), ("pg_lsclusters", "postgresql-15"), ("ceph-mon", "ceph-mon"), ("ceph-osd", "ceph-osd"), ("radosgw", "radosgw"), ("ceph", "ceph-common"),
        ("faketime", "faketime"),
    ];

    /// <summary>The nodes.</summary>
    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    /// <summary>The database.</summary>
    public PostgresServer Postgres => _postgres!;

    /// <summary>Address of the balancer.</summary>
    public Uri Balancer => new($"http://127.0.0.1:{_nginx!.Port}");

    /// <summary>Faults of the database and of the way to it.</summary>
    public FaultTimes DatabaseFaults { get; } = new();

    /// <summary>Faults of the bucket and of the way to it.</summary>
    public FaultTimes BucketFaults { get; } = new();

    /// <summary>Starts everything.</summary>
    /// <param name="settings">Settings of the nodes, without the stores.</param>
    public static async Task<NodeCluster> StartAsync(IReadOnlyDictionary<string, string?> settings)
    {
        var cluster = new NodeCluster(settings);
        try
        {
            await cluster.StartAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command of the registry on the stores, without the proxies.</summary>
    public Task<(int ExitCode, string Output)> RunAsync(string command) => RegistryProcess.RunAsync(command, _folder.File("unused"), new Dictionary<string, string?>(_settings)
    {
        ["REGISTRY_S3_ENDPOINT"] = _ceph!.Endpoint.GetLeftPart(UriPartial.Authority),
        ["REGISTRY_POSTGRES"] = Postgres.ConnectionString,
    });

    /// <summary>True if faults of nodes explain what happened between a moment and now.</summary>
    public bool NodesExplain(long since) => _nodes.Any(node => node.Faults.Explain(since));

    /// <summary>Forgets faults whose consequences are over.</summary>
    public void Forget()
    {
        DatabaseFaults.Forget();
        BucketFaults.Forget();
        _nodes.ForEach(node => node.Faults.Forget());
    }

    /// <summary>Logs of the nodes, and of nginx, for a failure.</summary>
    public async Task<string> DescribeAsync()
    {
        var nginx = (await _nginx!.ReadLogAsync()).Split('\n');
        return $"{string.Join('\n', _nodes.Select(node => $"{node.Address} printed:\n{node.Log.Last}"))}\nnginx logged:\n{string.Join('\n', nginx.TakeLast(20))}";
    }

    public async ValueTask DisposeAsync()
    {
        await (_nginx?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await (_ceph?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_postgres?.DisposeAsync() ?? ValueTask.CompletedTask);
        _folder.Dispose();
    }

    private async Task StartAsync()
    {
        _postgres = await PostgresServer.StartAsync(isDurable: true);
        _ceph = await CephGateway.StartAsync();
        await _ceph.CreateBucketAsync(Bucket);
        foreach (var (name, value) in new[]
        {
            ("METADATA", "postgres"), ("BLOBS", "s3"), ("S3_BUCKET", Bucket), ("S3_REGION", CephGateway.Region),
            ("S3_ACCESS_KEY", CephGateway.AccessKey), ("S3_SECRET_KEY", CephGateway.SecretKey), ("TRUSTED_PROXIES", "127.0.0.1"),
        })
        {
            _settings[$"REGISTRY_{name}"] = value;
        }

        foreach (var ahead in Clocks)
        {
            _nodes.Add(await ClusterNode.StartAsync(_folder.File("unused"), _settings, ahead, _ceph.Endpoint, _postgres));
        }

        var port = FreePorts.Find(1)[0];
        _nginx = await NginxServer.StartAsync(_folder, BalancerConfiguration(port), port);
    }

    // That of docs/many-nodes.md, which ManyNodesTests run, and a header.
    private string BalancerConfiguration(int port) =>
        $$"""
        upstream registry {
            {{string.Join(' ', _nodes.Select(node => $"server {node.Address.Authority};"))}}
            keepalive 32;
        }
        server {
            listen 127.0.0.1:{{port.ToString(CultureInfo.InvariantCulture)}};
            client_max_body_size 0;
            location / {
                proxy_pass http://registry;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $http_host;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_set_header X-Forwarded-Proto $scheme;
                proxy_request_buffering off;
                proxy_buffering off;
                proxy_read_timeout 15m;
                add_header {{UpstreamHeader}} "$upstream_addr $upstream_status" always;
            }
        }
        """;
}
