using System.Text.Json.Serialization;
using Registry.Core.Backup;

namespace Registry.Server.Hosting;

/// <summary>The reports of commands as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(BackupReport))]
[JsonSerializable(typeof(RestoreReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
