using Registry.Core.Errors;
using Registry.Core.Oci;

namespace Registry.Core.Repositories;

/// <summary>A part of the restore of a repository that was deleted as a whole.</summary>
public sealed record RepositoryRestore
{
    /// <summary>Largest number of <see cref="Kept"/> tags that are named.</summary>
    public const int MaxKept = 100;

    /// <summary>A manifest of the deletion that is undone, by which the next part names it; null while none is found.</summary>
    public Digest? Deletion { get; init; }

    /// <summary>Position from which the next part continues; null if this was the last one.</summary>
    public long? Next { get; init; }

    /// <summary>Number of restored manifests.</summary>
    public long Manifests { get; init; }

    /// <summary>Number of their tags that are set again.</summary>
    public long Tags { get; init; }

    /// <summary>Tags that exist and stay as they are, the first <see cref="MaxKept"/> of them.</summary>
    public IReadOnlyList<KeptTag> Kept { get; init; } = [];

    /// <summary>Number of further such tags.</summary>
    public long MoreKept { get; init; }

    /// <summary>Manifests that stay in the trash, each with the reason.</summary>
    public IReadOnlyList<RefusedManifest> Refused { get; init; } = [];

    /// <summary>Number of manifests in the trash that an earlier request has deleted with the whole repository. They stay there.</summary>
    public long Earlier { get; init; }

    /// <summary>The fault that has ended the part before all of it was restored; null if there was none.</summary>
    public Exception? Fault { get; init; }

    /// <summary>A tag that was not set again.</summary>
    /// <param name="Tag">The tag.</param>
    /// <param name="Digest">The manifest that it refers to.</param>
    /// <param name="Restored">The restored manifest that had it.</param>
    public sealed record KeptTag(Tag Tag, Digest Digest, Digest Restored);

    /// <summary>A manifest that could not be restored.</summary>
    /// <param name="Digest">The manifest.</param>
    /// <param name="Error">The reason.</param>
    public sealed record RefusedManifest(Digest Digest, RegistryError Error);
}
