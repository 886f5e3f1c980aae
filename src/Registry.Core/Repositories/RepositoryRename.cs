using System.Globalization;
using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Repositories;

/// <summary>A rename of a repository.</summary>
/// <param name="Repository">The old name.</param>
/// <param name="NewName">The new name.</param>
/// <param name="Time">The wall clock, to the millisecond.</param>
/// <param name="Origin">Origin of the rename.</param>
public sealed record RepositoryRename(RepositoryName Repository, RepositoryName NewName, DateTimeOffset Time, ChangeOrigin Origin)
{
    /// <summary>The rename of a recorded change; null for none.</summary>
    /// <exception cref="ArgumentException">The change is no rename.</exception>
    public static RepositoryRename? Of(RegistryChange? change) => change is null ? null : new RepositoryRename(
        change.Repository,
        change.NewName ?? throw new ArgumentException("A rename has a new name.", nameof(change)),
        change.Time,
        change.Origin);

    /// <summary>Says when the repository was renamed, for people.</summary>
    /// <param name="withName">True to tell the new name.</param>
    public string Describe(bool withName) => string.Create(
        CultureInfo.InvariantCulture,
        $"the repository {Repository} was renamed{(withName ? $" to {NewName}" : string.Empty)} at {Time.UtcDateTime:yyyy-MM-dd HH:mm:ss.fff} UTC");
}
