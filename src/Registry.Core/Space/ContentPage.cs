namespace Registry.Core.Space;

/// <summary>A page of stored content with its holders.</summary>
/// <param name="Contents">The contents, in the order of their ids.</param>
/// <param name="Holdings">Who holds them, in no particular order. A repository may hold content in several ways, and so may be listed several times.</param>
public sealed record ContentPage(IReadOnlyList<StoredSize> Contents, IReadOnlyList<Holding> Holdings);
