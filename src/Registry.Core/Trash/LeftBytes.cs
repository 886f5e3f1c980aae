namespace Registry.Core.Trash;

/// <summary>A place where bytes of a purge are left, or may be.</summary>
/// <param name="Place">The place and the reason: a clause for people.</param>
/// <param name="IsFault">True if the registry should have removed them, so that an operator has to; false for what it never can.</param>
public sealed record LeftBytes(string Place, bool IsFault);
