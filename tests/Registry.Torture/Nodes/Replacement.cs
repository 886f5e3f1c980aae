using System.Globalization;

namespace Registry.Torture.Nodes;

/// <summary>Replaces the nodes one by one by those of another version, and back, also before all are replaced.</summary>
/// <param name="cluster">The nodes.</param>
/// <param name="older">Program of the older version.</param>
/// <param name="newer">Program of the newer version.</param>
internal sealed class Replacement(NodeCluster cluster, string older, string newer)
{
    private const int TurnsOf = 4;
    private const int KillsOf = 4;
    private const int UpgradesOf = 3;

    private static readonly TimeSpan MaxStart = TimeSpan.FromSeconds(30);

    private bool _isBack;
    private int _replaced;
    private int _killed;
    private int _turns;
    private int _beside;
    private int _upgrades;
    private int _refused;

    private string Next => _isBack ? older : newer;

    /// <summary>Replaces a node, and waits until it is ready. Then all running nodes can use the database.</summary>
    /// <exception cref="ViolationException">They cannot, or the node does not start.</exception>
    public async Task StepAsync(Random random)
    {
        var left = cluster.Nodes.Where(node => node.Published != Next).ToArray();
        if (left.Length == 0 || (left.Length < cluster.Nodes.Count && random.Next(TurnsOf) == 0))
        {
            _isBack = !_isBack;
            _turns++;
            left = [.. cluster.Nodes.Where(node => node.Published != Next)];
        }

        await ReplaceAsync(left[random.Next(left.Length)], random);
        await CheckAsync();
        if (random.Next(UpgradesOf) == 0)
        {
            await UpgradeAsync();
            await CheckAsync();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_replaced} nodes replaced ({_killed} killed), {_turns} turns, {_beside} times both versions beside each other, schema upgraded {_upgrades} times by hand, {_refused} times refused");

    private async Task ReplaceAsync(ClusterNode node, Random random)
    {
        node.Faults.Begin();
        try
        {
            if (random.Next(KillsOf) == 0)
            {
                node.Kill();
                _killed++;
            }
            else
            {
                await node.StopAsync();
            }

            node.Replace(Next);
            await node.StartAgainAsync();
        }
        finally
        {
            node.Faults.End();
        }

        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await node.WaitUntilReadyAsync(client, MaxStart);
        _replaced++;
    }

    private async Task CheckAsync()
    {
        foreach (var program in cluster.Nodes.Select(node => node.Published!).Distinct())
        {
            (await SchemaReport.ReadAsync(program, cluster.Settings)).Check(cluster.Nodes.Count);
        }

        _beside += cluster.Nodes.Select(node => node.Published).Distinct().Count() > 1 ? 1 : 0;
    }

    // What older nodes could not use is refused while one of them runs, and for an hour after.
    private async Task UpgradeAsync()
    {
        var (code, output) = await cluster.RunAsync("schema upgrade", newer);
        var isRefused = code == 1 && output.Contains("of an older version used ", StringComparison.Ordinal);
        if (code != 0 && !isRefused)
        {
            throw new ViolationException($"registry schema upgrade has ended with {code}:\n{output}");
        }

        _upgrades += isRefused ? 0 : 1;
        _refused += isRefused ? 1 : 0;
    }
}
