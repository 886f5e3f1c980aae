namespace Registry.Core.Storage;

/// <summary>Mark of a move between two storages, on either of them: no registry runs on it.</summary>
/// <param name="IsMoved">True if the registry is at the other one now; false if it is being moved from there to here.</param>
/// <param name="Other">Name of the other storage, for people.</param>
public sealed record MigrationMark(bool IsMoved, string Other);
