using Registry.Core.Oci;

namespace Registry.Core.Collection.Records;

/// <summary>Reasons why a manifest is kept in a repository. The list of tags may be truncated.</summary>
/// <param name="Record">Record of the manifest.</param>
/// <param name="Tags">Tags that refer to it.</param>
/// <param name="Subject">Its subject, if that is in the repository, or in its trash; else null.</param>
/// <param name="IsUnsettled">True if its subject was pushed or deleted, and does not hold or release it yet. It does not expire.</param>
public sealed record ManifestExplanation(ManifestRecord Record, IReadOnlyList<string> Tags, Digest? Subject, bool IsUnsettled);
