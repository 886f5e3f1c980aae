namespace Registry.Core.Objects;

/// <summary>
/// Marks by which a registry recognizes its store, such as a bucket: random numbers, 0 before the first. The store has one of the two, unless another registry, or
/// another copy of the same metadata, has written a mark of its own since.
/// </summary>
/// <param name="Newest">Mark that was chosen last. The store may not have it yet.</param>
/// <param name="Previous">The mark before.</param>
public readonly record struct StoreMarks(long Newest, long Previous);
