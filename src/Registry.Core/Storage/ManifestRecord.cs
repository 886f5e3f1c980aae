using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>What is on record of a manifest that may expire.</summary>
/// <param name="Repository">Where it is.</param>
/// <param name="Digest">Which.</param>
/// <param name="IdleSince">
/// Since when nothing has held it, neither a tag nor a manifest of the repository that refers to it nor its subject, in seconds of
/// <see cref="RunningClock"/>; null while something does.
/// </param>
/// <param name="IsRoot">Whether it stays all the same: no index that lists it and no subject of it was ever deleted since it was pushed.</param>
/// <param name="IsPinned">Whether it never expires, because something in the repository cannot be read.</param>
/// <param name="PushedAt">The last push, as Unix time in seconds; later than that for one that was stored before this was recorded.</param>
public sealed record ManifestRecord(RepositoryName Repository, Digest Digest, long? IdleSince, bool IsRoot, bool IsPinned, long PushedAt);
