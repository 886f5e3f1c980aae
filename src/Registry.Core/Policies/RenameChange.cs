using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Policies;

/// <summary>A repository that is about to be renamed.</summary>
/// <param name="Repository">Its name.</param>
/// <param name="NewName">Its new name.</param>
/// <param name="Origin">Origin of the change.</param>
public readonly record struct RenameChange(RepositoryName Repository, RepositoryName NewName, ChangeOrigin Origin);
