using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Registry.Testing.Engines;

namespace Registry.Torture.Nodes;

/// <summary>Makes faults, one after the other; a freeze goes on beside the next ones.</summary>
/// <param name="cluster">The nodes.</param>
/// <param name="maxFreeze">Longest freeze of a node.</param>
internal sealed class FaultInjector(NodeCluster cluster, TimeSpan maxFreeze)
{
    private const int KillsPerKillAtStart = 10;
    private const int MaxDamaged = 10;
    private const int KeptFaults = 30;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan MaxDowntime = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan MaxRestart = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxOutage = TimeSpan.FromSeconds(3);
    private static readonly byte[] OfLoad = "torture/"u8.ToArray();

    private readonly Queue<string> _last = new();
    private readonly ConcurrentDictionary<NodeFault, int> _made = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private Task _freeze = Task.CompletedTask;

    /// <summary>Number of exchanges with the bucket that were damaged.</summary>
    public int Damaged => cluster.Nodes.Sum(node => node.Bucket.Faults);

    /// <summary>Number of commits whose answer was lost.</summary>
    public int LostCommits => cluster.Nodes.Sum(node => node.Database.LostCommits);

    /// <summary>The last faults, with their times since the start.</summary>
    public string Last => string.Join(", ", _last);

    /// <summary>Number of faults of each kind.</summary>
    public string Counts => string.Join(", ", _made.OrderBy(one => one.Key).Select(one => $"{one.Value} × {one.Key}"));

    /// <summary>Makes a fault, and ends it.</summary>
    public async Task MakeAsync(NodeFault fault, Random random)
    {
        var running = cluster.Nodes.Where(node => !node.IsFrozen).ToArray();
        var node = running[random.Next(running.Length)];
        _made.AddOrUpdate(fault, 1, static (_, count) => count + 1);
        _last.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(_start).TotalSeconds:f1} s {fault} {node.Address.Port}"));
        if (_last.Count > KeptFaults)
        {
            _last.Dequeue();
        }

        switch (fault)
        {
            case NodeFault.Kill:
                await KillAsync(node, random, node.Kill);
                break;
            case NodeFault.KillAtComplete:
                await KillAtCompleteAsync(node, random);
                break;
            case NodeFault.Stop:
                await DuringAsync(node.Faults, async () =>
                {
                    await node.StopAsync();
                    await Task.Delay(MaxDowntime * random.NextDouble());
                    await node.StartAgainAsync();
                });
                break;
            case NodeFault.Freeze:
                // One at a time.
                await _freeze;
                _freeze = node.FreezeAsync(maxFreeze * (0.3 + (0.7 * random.NextDouble())));
                break;
            case NodeFault.PostgresRestart or NodeFault.PostgresCrash:
                await DuringAsync(cluster.DatabaseFaults, () => cluster.Postgres.RestartAsync(fault == NodeFault.PostgresCrash, MaxRestart * random.NextDouble()));
                break;
            case NodeFault.Cut:
                await DuringAsync(cluster.DatabaseFaults, () =>
                {
                    foreach (var one in random.Next(3) == 0 ? cluster.Nodes : [node])
                    {
                        one.Database.CutAll();
                    }

                    return Task.CompletedTask;
                });
                break;
            case NodeFault.LostCommit:
                await LoseCommitAsync(node);
                break;
            case NodeFault.Bucket:
                await DamageAsync(node, random);
                break;
            case NodeFault.BucketOutage:
                await DuringAsync(cluster.BucketFaults, async () =>
                {
                    var kind = (FaultKind)random.Next((int)FaultKind.ResetAnswer + 1);
                    ChooseAll(_ => new Fault(kind));
                    await Task.Delay(MaxOutage * random.NextDouble());
                    ChooseAll(_ => null);
                });
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault));
        }
    }

    /// <summary>Waits until no node is frozen.</summary>
    public Task SettleAsync() => _freeze;

    private static async Task DuringAsync(FaultTimes times, Func<Task> fault)
    {
        times.Begin();
        try
        {
            await fault();
        }
        finally
        {
            times.End();
        }
    }

    private static Task KillAsync(ClusterNode node, Random random, Action kill) => DuringAsync(node.Faults, async () =>
    {
        kill();
        await Task.Delay(MaxDowntime * random.NextDouble());
        if (random.Next(KillsPerKillAtStart) == 0)
        {
            await node.KillWhileStartingAsync(MaxDowntime * random.NextDouble());
        }

        await node.StartAgainAsync();
    });

    // The store has joined the parts, or is about to, and the node does not live to record the blob.
    private async Task KillAtCompleteAsync(ClusterNode node, Random random)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Bucket.Choose = line =>
        {
            if (!line.StartsWith("POST ", StringComparison.Ordinal) || !line.Contains("uploadId=", StringComparison.Ordinal))
            {
                return null;
            }

            reached.TrySetResult();
            return new Fault(FaultKind.Stall);
        };
        cluster.BucketFaults.Begin();
        await Task.WhenAny(reached.Task, Task.Delay(3 * Patience));
        await Task.Delay(Patience * random.NextDouble() / 10);
        await KillAsync(node, random, () =>
        {
            node.Kill();
            node.Bucket.Choose = _ => null;
            cluster.BucketFaults.End();
        });
    }

    private async Task LoseCommitAsync(ClusterNode node) => await DuringAsync(cluster.DatabaseFaults, async () =>
    {
        var before = node.Database.LostCommits;
        node.Database.LoseCommit(OfLoad);
        await WaitAsync(() => node.Database.LostCommits > before);
        node.Database.LoseCommit(null);
    });

    // Exchanges of one kind, or the next ones, whatever they are.
    private async Task DamageAsync(ClusterNode node, Random random)
    {
        var kind = (FaultKind)random.Next((int)FaultKind.Stall + 1);
        var left = kind == FaultKind.Stall ? 1 : 1 + random.Next(MaxDamaged);
        var after = random.Next(2) == 0 ? 0 : random.Next(300_000);
        string[] parts = ["", "", "uploadId=", "GET ", "PUT "];
        var part = parts[random.Next(parts.Length)];
        await DuringAsync(cluster.BucketFaults, async () =>
        {
            node.Bucket.Choose = line => line.Contains(part, StringComparison.Ordinal) && Interlocked.Decrement(ref left) >= 0 ? new Fault(kind, after) : null;
            await WaitAsync(() => Volatile.Read(ref left) <= 0);
            node.Bucket.Choose = _ => null;
        });
    }

    private void ChooseAll(Func<string, Fault?> choose)
    {
        foreach (var node in cluster.Nodes)
        {
            node.Bucket.Choose = choose;
        }
    }

    // The load may not bring it about in time.
    private static async Task WaitAsync(Func<bool> isOver)
    {
        for (var start = Stopwatch.GetTimestamp(); !isOver() && Stopwatch.GetElapsedTime(start) < Patience;)
        {
            await Task.Delay(20);
        }
    }
}
