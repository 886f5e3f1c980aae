using System.Text.Json.Serialization;

namespace Registry.Server.Api.History;

/// <summary>Body of a rollback. Without both fields, the tag gets the manifest that it referred to before.</summary>
internal sealed record RollbackBody
{
    /// <summary>Digest of the manifest.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? To { get; init; }

    /// <summary>Time of the state that is restored (RFC 3339).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? At { get; init; }
}
