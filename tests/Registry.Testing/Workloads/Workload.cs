namespace Registry.Testing.Workloads;

/// <summary>All workloads.</summary>
public static class Workload
{
    /// <summary>Creates all workloads, each with its own repositories.</summary>
    public static IReadOnlyList<IWorkload> CreateAll() =>
        [new PushImage(), new PullImage(), new MixedFleet(), new CiBurst(), new ThunderingHerd()];
}
