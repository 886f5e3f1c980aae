namespace Registry.Testing.Workloads;

/// <summary>All workloads.</summary>
public static class Workload
{
    /// <summary>New ones, with repositories of their own.</summary>
    public static IReadOnlyList<IWorkload> CreateAll() =>
        [new PushImage(), new PullImage(), new MixedFleet(), new CiBurst(), new ThunderingHerd()];
}
