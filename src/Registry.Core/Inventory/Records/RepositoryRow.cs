namespace Registry.Core.Inventory.Records;

/// <summary>Record of a repository that has a manifest.</summary>
/// <param name="Id">Id in the metadata.</param>
/// <param name="Name">Its name.</param>
/// <param name="PushedAt">Time of the last push, as Unix time in milliseconds; 0 if no push is recorded.</param>
/// <param name="PushedBy">User of the last push; null for an anonymous one.</param>
/// <param name="Size">Size of what it refers to in bytes, by the last computation of space; 0 if that did not know it.</param>
public readonly record struct RepositoryRow(long Id, string Name, long PushedAt, string? PushedBy, long Size);
