using System.Text.Json.Serialization;

namespace Registry.Server.Api.History;

/// <summary>JSON of the history, for the endpoints that write it and for the commands that read it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TagHistoryAnswer))]
[JsonSerializable(typeof(TagStateAnswer))]
[JsonSerializable(typeof(RollbackAnswer))]
[JsonSerializable(typeof(RollbackBody))]
internal sealed partial class HistoryJson : JsonSerializerContext;
