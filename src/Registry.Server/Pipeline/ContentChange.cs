using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Server.Pipeline;

/// <summary>What a request has changed, as far as its path does not say.</summary>
internal sealed record ContentChange
{
    /// <summary>The manifest or blob; for a deleted tag, the manifest that it named.</summary>
    public Digest? Digest { get; init; }

    /// <summary>The size in bytes of what was stored or deleted; null when that is not known.</summary>
    public long? Size { get; init; }

    /// <summary>The tags that were set or deleted, apart from the one in the path.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>The tags that named another manifest before.</summary>
    public IReadOnlyList<MovedTag> Moved { get; init; } = [];
}
