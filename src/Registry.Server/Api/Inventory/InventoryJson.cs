using System.Text.Json.Serialization;

namespace Registry.Server.Api.Inventory;

/// <summary>JSON of the inventory, for the endpoints that write it and for the commands that read it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RepositoryListAnswer))]
[JsonSerializable(typeof(TagListAnswer))]
[JsonSerializable(typeof(ManifestListAnswer))]
[JsonSerializable(typeof(ManifestAnswer))]
internal sealed partial class InventoryJson : JsonSerializerContext;
