using System.Text.Json.Serialization;

namespace Registry.Server.Api.Events;

/// <summary>JSON of the events, for the endpoints that write it and for the commands that read it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DeliveryListAnswer))]
[JsonSerializable(typeof(EmptyBody))]
[JsonSerializable(typeof(EndpointListAnswer))]
[JsonSerializable(typeof(ReplayAnswer))]
internal sealed partial class EventJson : JsonSerializerContext;
