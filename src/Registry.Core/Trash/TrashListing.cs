namespace Registry.Core.Trash;

/// <summary>A part of the trash of all repositories, as a caller may see it.</summary>
/// <param name="Entries">The entries. They may be fewer than the limit, and none at all, although more follow.</param>
/// <param name="Last">The <see cref="TrashEntry.Id"/> after which the listing goes on; null at its end.</param>
public sealed record TrashListing(IReadOnlyList<TrashEntry> Entries, long? Last);
