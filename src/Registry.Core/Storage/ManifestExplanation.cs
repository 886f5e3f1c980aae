using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>Why a manifest is still in a repository. The tags may be cut off.</summary>
/// <param name="Record">What is on record of it.</param>
/// <param name="Tags">The tags that point to it.</param>
/// <param name="Subject">Its subject, when that is in the repository, too; else null.</param>
public sealed record ManifestExplanation(ManifestRecord Record, IReadOnlyList<string> Tags, Digest? Subject);
