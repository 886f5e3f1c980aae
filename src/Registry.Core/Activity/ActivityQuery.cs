using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Activity;

/// <summary>A question about what has happened.</summary>
public sealed record ActivityQuery
{
    /// <summary>The repository, from which the caller may pull; null for all.</summary>
    public RepositoryName? Repository { get; init; }

    /// <summary>Only changes of this user; null for those of all users.</summary>
    public string? User { get; init; }

    /// <summary>Only changes of this kind; null for all.</summary>
    public ChangeKind? Kind { get; init; }

    /// <summary>The page begins before the change of this <see cref="RegistryChange.Sequence"/>; null for the newest change.</summary>
    public long? Before { get; init; }

    /// <summary>The list ends before the change of this <see cref="RegistryChange.Sequence"/>: only newer ones; null for all.</summary>
    public long? After { get; init; }

    /// <summary>Number of changes, 1 or more; null for the default.</summary>
    public int? Limit { get; init; }
}
