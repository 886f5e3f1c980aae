using System.Text.Json.Serialization;
using Registry.Core.Backup;
using Registry.Core.Layouts;

namespace Registry.Server.Hosting;

/// <summary>The reports of commands as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(BackupReport))]
[JsonSerializable(typeof(RestoreReport))]
[JsonSerializable(typeof(TransferReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
