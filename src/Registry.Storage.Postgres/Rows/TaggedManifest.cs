using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Rows;

/// <summary>Manifest of a tag.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Digest">Its digest.</param>
internal readonly record struct TaggedManifest(long Id, Digest Digest);
