using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>What is on record of a link to a blob.</summary>
/// <param name="Repository">Who may see the blob.</param>
/// <param name="Digest">The blob.</param>
/// <param name="IdleSince">
/// Since when no manifest of the repository has needed it, in seconds of <see cref="RunningClock"/>; null while one does.
/// </param>
/// <param name="IsPinned">Whether it never expires, because something in the repository cannot be read.</param>
public sealed record LinkRecord(RepositoryName Repository, Digest Digest, long? IdleSince, bool IsPinned);
