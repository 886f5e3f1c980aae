using System.Text.Json.Serialization;

namespace Registry.Server.Api.Mirroring;

/// <summary>JSON of the mirror, for the endpoints that write it and for the commands that read it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EmptyBody))]
[JsonSerializable(typeof(MirrorAnswer))]
[JsonSerializable(typeof(MirrorCheckAnswer))]
[JsonSerializable(typeof(MirrorForgetAnswer))]
internal sealed partial class MirrorJson : JsonSerializerContext;
