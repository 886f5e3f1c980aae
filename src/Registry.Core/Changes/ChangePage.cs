namespace Registry.Core.Changes;

/// <summary>Changes of the history after a position.</summary>
/// <param name="Changes">The changes, in order.</param>
/// <param name="End">Position up to which there are no others: the next page begins after it.</param>
public sealed record ChangePage(IReadOnlyList<RegistryChange> Changes, long End);
