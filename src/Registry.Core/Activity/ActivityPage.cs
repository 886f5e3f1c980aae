using Registry.Core.Changes;

namespace Registry.Core.Activity;

/// <summary>A page of what has happened.</summary>
/// <param name="Changes">The changes, newest first.</param>
/// <param name="Last">The next page begins before the change of this <see cref="RegistryChange.Sequence"/>; null if this is the last page.</param>
public sealed record ActivityPage(IReadOnlyList<RegistryChange> Changes, long? Last);
