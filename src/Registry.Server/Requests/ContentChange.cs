using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Server.Requests;

/// <summary>Change made by a request, as far as its path does not name it.</summary>
internal sealed record ContentChange
{
    /// <summary>The manifest or blob; for a deleted tag, the manifest that it pointed to.</summary>
    public Digest? Digest { get; init; }

    /// <summary>The size of the stored or deleted content in bytes; null when unknown.</summary>
    public long? Size { get; init; }

    /// <summary>The tags that were set or deleted, apart from the one in the path.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>Number of the manifests that were deleted with a repository, or restored; null for other changes.</summary>
    public long? Manifests { get; init; }

    /// <summary>Number of their tags; null for other changes.</summary>
    public long? TagCount { get; init; }

    /// <summary>The tags that pointed to another manifest before.</summary>
    public IReadOnlyList<MovedTag> Moved { get; init; } = [];

    /// <summary>The tag that was changed, if the path does not name it; null for others.</summary>
    public Tag? Tag { get; init; }

    /// <summary>Reason why a part of a request with several changes was refused; null if it was done.</summary>
    public RegistryError? Error { get; init; }

    /// <summary>The changes of a request that made several; empty for others.</summary>
    public IReadOnlyList<ContentChange> Parts { get; init; } = [];
}
