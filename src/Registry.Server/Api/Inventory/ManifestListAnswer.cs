using System.Text.Json.Serialization;

namespace Registry.Server.Api.Inventory;

/// <summary>A page of the manifests of a repository.</summary>
internal sealed record ManifestListAnswer
{
    public required string Repository { get; init; }

    /// <summary>The manifests, with a tag or without, in an order of their own.</summary>
    public required IReadOnlyList<ManifestEntryAnswer> Manifests { get; init; }

    /// <inheritdoc cref="RepositoryListAnswer.Next"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Next { get; init; }
}
