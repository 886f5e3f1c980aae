using System.Text.Json.Serialization;
using Registry.Core.Changes;

namespace Registry.Server.Api;

/// <summary>Origin of a change, as far as the caller may see it.</summary>
internal sealed record OriginAnswer
{
    /// <summary>Way in which the change was made: <c>request</c>, <c>command</c>, <c>collector</c>, <c>mirror</c> or <c>unknown</c>.</summary>
    public required string Source { get; init; }

    /// <summary>The user, or the upstream of a mirror; null for a caller without credentials, and for the registry itself.</summary>
    public string? Actor { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Address { get; init; }

    /// <summary>The program of the client, or the command.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Client { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RequestId { get; init; }

    public static OriginAnswer Of(ChangeOrigin origin) => new()
    {
        Source = ChangeSourceName.Of(origin.Source),
        Actor = origin.Actor,
        Address = origin.Address,
        Client = origin.Client,
        RequestId = origin.Request,
    };
}
