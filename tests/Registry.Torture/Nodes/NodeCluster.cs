using System.Globalization;
using Registry.Testing;
using Registry.Testing.Engines;
using Registry.Testing.Processes;

namespace Registry.Torture.Nodes;

/// <summary>
/// Three nodes behind a real nginx without stickiness, on real stores (<see cref="NodeStores"/>). The clocks of the nodes differ by up to two hours, unless others see them.
/// </summary>
internal sealed class NodeCluster : IAsyncDisposable
{
    /// <summary>Header of answers with the nodes that nginx has asked, and their statuses.</summary>
    public const string UpstreamHeader = "X-Upstream";

    // Differences of the clocks of the nodes to that of the stores.
    private static readonly TimeSpan[] Clocks = [TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.FromHours(-1)];

    private readonly TemporaryFolder _folder = new("nodes");
    private readonly List<ClusterNode> _nodes = [];
    private readonly Dictionary<string, string?> _settings;
    private readonly NodeStores _stores;
    private NginxServer? _nginx;

    private NodeCluster(NodeStores stores, IReadOnlyDictionary<string, string?> settings)
    {
        _stores = stores;
        _settings = new(settings.Concat(stores.Settings)) { ["REGISTRY_TRUSTED_PROXIES"] = "127.0.0.1" };
    }

    /// <summary>Debian packages that it needs, as program and package.</summary>
    public static IReadOnlyList<(string Program, string Package)> Needs => [("nginx", "nginx"), .. NodeStores.Needs, ("faketime", "faketime")];

    /// <summary>The nodes.</summary>
    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    /// <summary>Settings of the nodes, with those of the stores, without the proxies.</summary>
    public IReadOnlyDictionary<string, string?> Settings => _settings;

    /// <summary>The database.</summary>
    public PostgresServer Postgres => _stores.Postgres;

    /// <summary>Address of the balancer.</summary>
    public Uri Balancer => new($"http://127.0.0.1:{_nginx!.Port}");

    /// <summary>Faults of the database and of the way to it.</summary>
    public FaultTimes DatabaseFaults { get; } = new();

    /// <summary>Faults of the bucket and of the way to it.</summary>
    public FaultTimes BucketFaults { get; } = new();

    /// <summary>Starts nodes and nginx.</summary>
    /// <param name="stores">The stores, which outlive the nodes.</param>
    /// <param name="settings">Settings of the nodes, without the stores.</param>
    /// <param name="published">Program of the nodes; null for the usual one.</param>
    /// <param name="areClocksRight">True for nodes whose clocks are right.</param>
    public static async Task<NodeCluster> StartAsync(NodeStores stores, IReadOnlyDictionary<string, string?> settings, string? published = null, bool areClocksRight = false)
    {
        var cluster = new NodeCluster(stores, settings);
        try
        {
            await cluster.StartAsync(published, areClocksRight);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command of the registry on the stores, without the proxies.</summary>
    /// <param name="command">The command and its arguments.</param>
    /// <param name="published">The program; null for the usual one.</param>
    public async Task<(int ExitCode, string Output)> RunAsync(string command, string? published = null)
    {
        await using var process = RegistryProcess.Launch(command, _folder.File("unused"), _settings, published);
        return (await process.WaitForExitAsync(3 * Patience.Limit), process.Output);
    }

    /// <summary>True if faults of nodes explain what happened between a moment and now.</summary>
    public bool NodesExplain(long since) => _nodes.Any(node => node.Faults.Explain(since));

    /// <summary>Forgets faults whose consequences are over.</summary>
    public void Forget()
    {
        DatabaseFaults.Forget();
        BucketFaults.Forget();
        _nodes.ForEach(node => node.Faults.Forget());
    }

    /// <summary>Logs of the nodes, of PostgreSQL and of nginx, for a failure.</summary>
    public async Task<string> DescribeAsync()
    {
        var nginx = (await _nginx!.ReadLogAsync()).Split('\n');
        var nodes = string.Join('\n', _nodes.Select(node => $"{node.Address} printed:\n{node.Log.Last}"));
        return $"{nodes}\nPostgreSQL logged:\n{Postgres.Log}\nnginx logged:\n{string.Join('\n', nginx.TakeLast(20))}";
    }

    public async ValueTask DisposeAsync()
    {
        await (_nginx?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task StartAsync(string? published, bool areClocksRight)
    {
        foreach (var ahead in Clocks)
        {
            _nodes.Add(await ClusterNode.StartAsync(_folder.File("unused"), _settings, areClocksRight ? TimeSpan.Zero : ahead, _stores, published));
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
