using Registry.Core.Oci;

namespace Registry.Core.Collection.Records;

/// <summary>A manifest that was pushed or deleted, with referrers that are not held or released yet.</summary>
/// <param name="Id">Number of the push or deletion; a later one of the same manifest has another.</param>
/// <param name="Repository">Repository of the manifest.</param>
/// <param name="Subject">Digest of the manifest.</param>
public sealed record UnsettledSubject(long Id, RepositoryName Repository, Digest Subject);
