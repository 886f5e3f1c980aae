using System.Text.Json.Serialization;

namespace Registry.Server.Api.Repositories;

/// <summary>A repository that was deleted.</summary>
internal sealed record RepositoryDeletionAnswer
{
    public required string Repository { get; init; }

    /// <summary>Number of deleted manifests.</summary>
    public required long Manifests { get; init; }

    /// <summary>Number of deleted tags.</summary>
    public required long Tags { get; init; }

    /// <summary>Number of blobs that nothing needed any more.</summary>
    public required long Blobs { get; init; }

    /// <summary>Sizes of the manifests in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Number of the manifests that can be restored.</summary>
    public required long Trashed { get; init; }

    /// <summary>Running time for which they can be restored, in seconds; 0 if the deletion is final.</summary>
    public required long TrashSeconds { get; init; }

    /// <summary>False if the repository still exists, since manifests were pushed to it meanwhile.</summary>
    [JsonPropertyName("gone")]
    public required bool IsGone { get; init; }
}
