using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Trash;

namespace Registry.Server.Api.Trash;

/// <summary>A manifest that was taken out of the trash.</summary>
internal sealed record TrashRestoreAnswer
{
    public required string Repository { get; init; }

    public required string Digest { get; init; }

    /// <summary>Its tags that are set again.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Its tags that exist already, and stay as they are.</summary>
    public required IReadOnlyList<KeptTag> Kept { get; init; }

    public static TrashRestoreAnswer Of(RepositoryName repository, Restored restored) => new()
    {
        Repository = repository.Value,
        Digest = restored.Digest.Value,
        Tags = [.. restored.Tags.Select(tag => tag.Value)],
        Kept = [.. restored.Kept.Select(KeptTag.Of)],
    };

    /// <summary>A tag, and the manifest that it refers to.</summary>
    internal sealed record KeptTag(string Tag, string Digest)
    {
        public static KeptTag Of(MovedTag tag) => new(tag.Tag.Value, tag.Before.Value);
    }
}
