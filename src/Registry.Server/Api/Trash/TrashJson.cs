using System.Text.Json.Serialization;

namespace Registry.Server.Api.Trash;

/// <summary>JSON of the trash, for the endpoints that write it and for the commands that read it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TrashAnswer))]
[JsonSerializable(typeof(TrashEntryAnswer))]
[JsonSerializable(typeof(TrashRestoreAnswer))]
[JsonSerializable(typeof(TrashPurgeAnswer))]
[JsonSerializable(typeof(EmptyBody))]
internal sealed partial class TrashJson : JsonSerializerContext;
