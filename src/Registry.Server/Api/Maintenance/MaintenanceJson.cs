using System.Text.Json.Serialization;

namespace Registry.Server.Api.Maintenance;

/// <summary>JSON of maintenance, for the endpoints that write it and for the commands that read it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(BlobStateConverter)])]
[JsonSerializable(typeof(EmptyBody))]
[JsonSerializable(typeof(GcExplanation))]
[JsonSerializable(typeof(JobAnswer))]
[JsonSerializable(typeof(JobListAnswer))]
[JsonSerializable(typeof(ReadOnlyAnswer))]
internal sealed partial class MaintenanceJson : JsonSerializerContext;
