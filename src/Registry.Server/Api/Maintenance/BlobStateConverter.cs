using System.Text.Json;
using System.Text.Json.Serialization;
using Registry.Core.Collection.Records;

namespace Registry.Server.Api.Maintenance;

/// <summary>Writes the state of a blob by its name.</summary>
internal sealed class BlobStateConverter() : JsonStringEnumConverter<BlobState>(JsonNamingPolicy.CamelCase);
