using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Manifest that a tag refers to.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Digest">Its digest.</param>
internal readonly record struct TagTarget(long Id, Digest Digest);
