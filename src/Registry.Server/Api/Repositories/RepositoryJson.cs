using System.Text.Json.Serialization;

namespace Registry.Server.Api.Repositories;

/// <summary>JSON of repositories as a whole, for the endpoints that write it and for the commands that read it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EmptyBody))]
[JsonSerializable(typeof(RepositoryAnswer))]
[JsonSerializable(typeof(RepositoryDeletionAnswer))]
[JsonSerializable(typeof(RepositoryRenameAnswer))]
[JsonSerializable(typeof(RepositoryRestoreAnswer))]
internal sealed partial class RepositoryJson : JsonSerializerContext;
