using System.Text.Json.Serialization;

namespace Registry.Server.Api.Mirroring;

/// <summary>A tag of a mirrored repository before and after its upstream was asked.</summary>
internal sealed record MirrorCheckAnswer
{
    /// <summary>The image, as it was asked for.</summary>
    public required string Image { get; init; }

    /// <summary>Digest that the tag referred to; null if it was not here.</summary>
    public required string? Was { get; init; }

    /// <summary>Digest that it refers to; null if the upstream has it no more.</summary>
    public required string? Is { get; init; }

    /// <summary>Why it may be old; null if the upstream has told what it is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Stale { get; init; }
}
