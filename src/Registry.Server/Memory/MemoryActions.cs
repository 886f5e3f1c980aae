namespace Registry.Server.Memory;

/// <summary>Ways to return memory, from the cheapest to the dearest.</summary>
/// <param name="Release">Returns to the system what is free outside of the heap, without a pause.</param>
/// <param name="Collect">Collects all garbage, which stays with the process.</param>
/// <param name="Reclaim">Collects all garbage, and returns everything that is free to the system.</param>
internal sealed record MemoryActions(Action Release, Action Collect, Action Reclaim);
