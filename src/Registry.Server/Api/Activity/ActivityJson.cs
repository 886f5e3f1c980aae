using System.Text.Json.Serialization;

namespace Registry.Server.Api.Activity;

/// <summary>JSON of the activity, for the endpoints that write it and for the command that reads it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ActivityAnswer))]
internal sealed partial class ActivityJson : JsonSerializerContext;
