using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Collection.Records;

/// <summary>Record of a link to a blob.</summary>
/// <param name="Repository">Repository that may see the blob.</param>
/// <param name="Digest">The blob.</param>
/// <param name="IdleSince">
/// Time since when no manifest of the repository has needed it, in seconds of <see cref="IGraceClock"/>; null while one does.
/// </param>
/// <param name="IsPinned">True if it never expires, because the registry cannot read something in the repository.</param>
public sealed record LinkRecord(RepositoryName Repository, Digest Digest, long? IdleSince, bool IsPinned);
