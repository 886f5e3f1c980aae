using Registry.Core.Oci;

namespace Registry.Core.Inventory.Records;

/// <summary>A manifest or blob that was found by its digest.</summary>
/// <param name="Repository">Name of a repository that has it.</param>
/// <param name="Digest">The digest.</param>
public readonly record struct DigestRow(string Repository, Digest Digest);
