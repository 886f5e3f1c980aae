using System.Text.Json.Serialization;

namespace Registry.Server.Api.Repositories;

/// <summary>A part of a repository that was deleted as a whole, and is restored.</summary>
internal sealed record RepositoryRestoreAnswer
{
    public required string Repository { get; init; }

    /// <summary>Number of restored manifests.</summary>
    public required long Manifests { get; init; }

    /// <summary>Number of their tags that are set again.</summary>
    public required long Tags { get; init; }

    /// <summary>Tags that exist already, and stay as they are, at most 100.</summary>
    public required IReadOnlyList<LeftTag> Kept { get; init; }

    /// <summary>Number of further such tags.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long MoreKept { get; init; }

    /// <summary>Manifests that stay in the trash, because they cannot be restored.</summary>
    public required IReadOnlyList<RefusedManifest> Refused { get; init; }

    /// <summary>Number of manifests that an earlier request has deleted with the whole repository. They stay in the trash.</summary>
    public required long Earlier { get; init; }

    /// <summary>Path and query of the next part; null for the last one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; init; }

    /// <summary>A tag that was left alone.</summary>
    /// <param name="Tag">The tag.</param>
    /// <param name="Digest">The manifest that it refers to.</param>
    /// <param name="Restored">The restored manifest that had it.</param>
    internal sealed record LeftTag(string Tag, string Digest, string Restored);

    /// <summary>A manifest that could not be restored.</summary>
    /// <param name="Digest">The manifest.</param>
    /// <param name="Reason">The reason, for people.</param>
    internal sealed record RefusedManifest(string Digest, string Reason);
}
