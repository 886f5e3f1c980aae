using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Policies;

/// <summary>A tag that is about to be set or deleted.</summary>
/// <param name="Repository">Its repository.</param>
/// <param name="Tag">The tag.</param>
/// <param name="Before">The manifest that it refers to; null for a new tag.</param>
/// <param name="After">The manifest that it will refer to, which may be the same; null if it is deleted.</param>
/// <param name="Origin">Origin of the change.</param>
public readonly record struct TagChange(RepositoryName Repository, Tag Tag, Digest? Before, Digest? After, ChangeOrigin Origin)
{
    /// <summary>
    /// The manifest that the tag referred to when it went, if it is a tag whose digest is kept (<see cref="IChangeRules.KeepsDigest"/>) that does not exist now; null if there
    /// was none.
    /// </summary>
    public Digest? Kept { get; init; }
}
