using System.Text.Json.Serialization;

namespace Registry.Server.Api.Policies;

/// <summary>JSON of the rules about repositories, for the endpoint that writes it and for the command that reads it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PolicyAnswer))]
internal sealed partial class PolicyJson : JsonSerializerContext;
