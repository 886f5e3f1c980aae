using System.Collections.Concurrent;
using Registry.Interop.Tests.Packages;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Nodes;

/// <summary>Nodes with the same settings, behind a real nginx with the configuration of docs/many-nodes.md.</summary>
public sealed class NodeGroup : IAsyncDisposable
{
    private const int Count = 3;

    private readonly TemporaryFolder _folder = new("nodes");
    private readonly List<RegistryProcess> _nodes = [];
    private readonly ConcurrentQueue<string> _redirects = new();
    private NginxServer? _nginx;

    private NodeGroup()
    {
    }

    /// <summary>Prefix of image references: the balancer.</summary>
    public string HostPort => $"127.0.0.1:{Nginx.Port}";

    internal NginxServer Nginx => _nginx!;

    internal RegistryHttp Http { get; private set; } = null!;

    /// <summary>Starts the nodes, and nginx.</summary>
    /// <param name="settings">Their variables.</param>
    public static async Task<NodeGroup> StartAsync(IReadOnlyDictionary<string, string?> settings)
    {
        var group = new NodeGroup();
        try
        {
            for (int i = 0; i < Count; i++)
            {
                group._nodes.Add(await RegistryProcess.StartAsync(
                    group._folder.File("unused"),
                    new Dictionary<string, string?>(settings) { ["REGISTRY_ACCESS_LOG"] = "true" },
                    onLine: group.Note,
                    cancellationToken: TestContext.Current.CancellationToken));
            }

            group._nginx = await group.StartBalancerAsync();
            group.Http = new RegistryHttp(new Uri($"http://{group.HostPort}"));
            return group;
        }
        catch
        {
            await group.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        await (_nginx?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (RegistryProcess node in _nodes)
        {
            await node.DisposeAsync();
        }

        _folder.Dispose();
    }

    /// <summary>True if a node has sent a client to the store for a blob of the repository.</summary>
    internal bool HasRedirected(string repository) => _redirects.Any(line => line.Contains($"GET /v2/{repository}/blobs/", StringComparison.Ordinal));

    // The line of a request; see docs/telemetry.md.
    private void Note(string line)
    {
        if (line.Contains(" -> 307;", StringComparison.Ordinal))
        {
            _redirects.Enqueue(line);
        }
    }

    private Task<NginxServer> StartBalancerAsync()
    {
        int port = FreePorts.Find(1)[0];
        string server = InstallGuide.Replace(
            Assert.Single(InstallGuide.Blocks("The balancer", "nginx", ManyNodes.Page)),
            ("listen 80", $"listen 127.0.0.1:{port}"),
            ("10.0.0.1:15000", _nodes[0].HostPort),
            ("10.0.0.2:15000", _nodes[1].HostPort),
            ("10.0.0.3:15000", _nodes[2].HostPort));
        return NginxServer.StartAsync(_folder, server, port, TestContext.Current.CancellationToken);
    }
}
