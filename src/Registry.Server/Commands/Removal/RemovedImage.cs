using System.Text.Json.Serialization;

namespace Registry.Server.Commands.Removal;

/// <summary>A tag or manifest that was deleted, or would be.</summary>
internal sealed record RemovedImage
{
    /// <summary>The image as it was named, without the host.</summary>
    public required string Image { get; init; }

    /// <summary>Digest of its manifest; null if it was not found.</summary>
    public string? Digest { get; init; }

    /// <summary>The tags that go, up to a hundred.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>True if the manifest goes, and not its tag alone.</summary>
    public bool IsManifest { get; init; }

    /// <summary>Running time in which the manifest can be restored, in seconds; 0 if it cannot. Null if the manifest stays.</summary>
    public long? RestorableSeconds { get; init; }

    /// <summary>Reason why nothing was deleted; null when it was, or would be.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Fault { get; init; }

    /// <summary>True if the manifest has no other tag than the one that goes.</summary>
    [JsonIgnore]
    public bool IsLastTag { get; init; }
}
