using Registry.Core.Changes;
using Registry.Core.Errors;

namespace Registry.Core.Repositories;

/// <summary>What the deletion of a repository has removed.</summary>
public sealed record RepositoryDeletion
{
    /// <summary>The <see cref="RegistryChange.Reason"/> of its changes, by which a restore of the whole repository finds them.</summary>
    public const string Reason = "repository";

    /// <summary>Number of manifests.</summary>
    public long Manifests { get; init; }

    /// <summary>Number of tags.</summary>
    public long Tags { get; init; }

    /// <summary>Number of blobs that nothing needed any more.</summary>
    public long Blobs { get; init; }

    /// <summary>Sizes of the manifests in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Number of manifests that can be restored from the trash.</summary>
    public long Trashed { get; init; }

    /// <summary>False if the repository still exists, since manifests were pushed to it meanwhile.</summary>
    public bool IsGone { get; init; }

    /// <summary>The error that has ended the deletion before all was deleted; null if it is complete.</summary>
    public RegistryError? Stopped { get; init; }

    /// <summary>The fault that has ended the deletion before all was deleted; null if it is complete.</summary>
    public Exception? Fault { get; init; }
}
