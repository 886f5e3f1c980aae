using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Collection.Records;

/// <summary>Record of a manifest that may expire.</summary>
/// <param name="Repository">Repository of the manifest.</param>
/// <param name="Digest">Digest of the manifest.</param>
/// <param name="IdleSince">
/// Time since when nothing has held it (no tag, no manifest of the repository that refers to it, and no subject), in seconds of
/// <see cref="IGraceClock"/>; null while something does.
/// </param>
/// <param name="IsRoot">True if it stays even when idle: no index that lists it, and no subject of it, was deleted since it was pushed.</param>
/// <param name="IsPinned">True if it never expires, because the registry cannot read something in the repository.</param>
/// <param name="PushedAt">Time of the last push, as Unix time in seconds; too late for a manifest stored before this was recorded.</param>
public sealed record ManifestRecord(RepositoryName Repository, Digest Digest, long? IdleSince, bool IsRoot, bool IsPinned, long PushedAt)
{
    /// <summary>Upstream from which the repository is mirrored; null for a local one. The manifests of a mirrored one are never idle.</summary>
    public string? Upstream { get; init; }
}
