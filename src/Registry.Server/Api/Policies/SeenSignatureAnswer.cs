using System.Text.Json.Serialization;
using Registry.Core.Signatures;

namespace Registry.Server.Api.Policies;

/// <summary>A signature of an image, or of an index that lists it.</summary>
internal sealed record SeenSignatureAnswer
{
    /// <summary>The manifest that holds it.</summary>
    public required string Digest { get; init; }

    /// <summary>Tag by which it was found; null for a referrer.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Tag { get; init; }

    /// <summary>Path of the key that has made it; null if it does not count.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Key { get; init; }

    /// <summary>Why it does not count, as a clause for people; null if it does.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Fault { get; init; }

    public static SeenSignatureAnswer Of(SeenSignature seen) => new() { Digest = seen.Manifest.Value, Tag = seen.Tag?.Value, Key = seen.Key?.Path, Fault = seen.Fault };
}
