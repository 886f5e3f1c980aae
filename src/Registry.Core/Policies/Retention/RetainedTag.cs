using Registry.Core.Oci;

namespace Registry.Core.Policies.Retention;

/// <summary>A tag of a repository, as a retention sees it.</summary>
/// <param name="Name">The tag.</param>
/// <param name="ManifestId">Id of its manifest in the metadata.</param>
/// <param name="PushedAt">Time at which it was last pushed, also to the manifest that it had; the Unix epoch if it is unknown.</param>
public readonly record struct RetainedTag(Tag Name, long ManifestId, DateTimeOffset PushedAt);
