using System.Text.Json.Serialization;

namespace Registry.Server.Api.Space;

/// <summary>JSON of the space, for the endpoints that write it and for the command that reads it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SpaceAnswer))]
[JsonSerializable(typeof(RepositoryTagsAnswer))]
internal sealed partial class SpaceJson : JsonSerializerContext;
