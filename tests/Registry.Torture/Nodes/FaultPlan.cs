namespace Registry.Torture.Nodes;

/// <summary>Which faults come when: the proportions are fixed, the order is random.</summary>
internal static class FaultPlan
{
    private const int InRound = 20;

    // Of 1,000 faults. A freeze takes up to 30 s.
    private static readonly (NodeFault Fault, int Share)[] Shares =
    [
        (NodeFault.Kill, 180), (NodeFault.KillAtComplete, 20), (NodeFault.Stop, 30), (NodeFault.Freeze, 20),
        (NodeFault.PostgresRestart, 25), (NodeFault.PostgresCrash, 25), (NodeFault.Cut, 300), (NodeFault.LostCommit, 200),
        (NodeFault.Bucket, 190), (NodeFault.BucketOutage, 10),
    ];

    /// <summary>Draws a plan.</summary>
    /// <param name="random">Its choices.</param>
    /// <param name="count">Number of faults; each kind comes once in any case.</param>
    /// <returns>Rounds. In half of them come faults of all kinds; each of the others has only those of the nodes, of the database, or of the bucket.</returns>
    public static IReadOnlyList<IReadOnlyList<NodeFault>> Draw(Random random, int count)
    {
        var faults = Shares.SelectMany(one => Enumerable.Repeat(one.Fault, Math.Max(1, one.Share * count / 1000))).ToArray();
        random.Shuffle(faults);
        var mixed = faults[..(faults.Length / 2)].Chunk(InRound);
        var apart = faults[(faults.Length / 2)..].GroupBy(PlaceOf).SelectMany(place => place.Chunk(InRound));
        var rounds = mixed.Concat(apart).ToArray();
        random.Shuffle(rounds);
        return rounds;
    }

    private static int PlaceOf(NodeFault fault) => fault switch
    {
        NodeFault.Kill or NodeFault.KillAtComplete or NodeFault.Stop or NodeFault.Freeze => 0,
        NodeFault.Bucket or NodeFault.BucketOutage => 1,
        _ => 2,
    };
}
