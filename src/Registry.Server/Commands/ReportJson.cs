using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Images;
using Registry.Images.Backup;
using Registry.Images.Migration;
using Registry.Server.Api.Activity;
using Registry.Server.Api.Events;
using Registry.Server.Api.History;
using Registry.Server.Api.Inventory;
using Registry.Server.Api.Maintenance;
using Registry.Server.Api.Mirroring;
using Registry.Server.Api.Policies;
using Registry.Server.Api.Repositories;
using Registry.Server.Api.Space;
using Registry.Server.Api.Trash;
using Registry.Server.Commands.Access;
using Registry.Server.Commands.Inspect;
using Registry.Server.Commands.Maintain;
using Registry.Server.Commands.Removal;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary>JSON serialization of the commands' reports. Each report needs a line here.</summary>
[JsonSerializable(typeof(AccessAnswer))]
[JsonSerializable(typeof(ActivityAnswer))]
[JsonSerializable(typeof(BackupReport))]
[JsonSerializable(typeof(DeliveryListAnswer))]
[JsonSerializable(typeof(EndpointListAnswer))]
[JsonSerializable(typeof(GcExplanation))]
[JsonSerializable(typeof(GcPreview))]
[JsonSerializable(typeof(GcResult))]
[JsonSerializable(typeof(GcUntagged))]
[JsonSerializable(typeof(IReadOnlyList<EffectiveSetting>))]
[JsonSerializable(typeof(IReadOnlyList<GenerationSummary>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(ManifestAnswer))]
[JsonSerializable(typeof(JobListAnswer))]
[JsonSerializable(typeof(MigrationReport))]
[JsonSerializable(typeof(MirrorAnswer))]
[JsonSerializable(typeof(MirrorCheckAnswer))]
[JsonSerializable(typeof(MirrorForgetAnswer))]
[JsonSerializable(typeof(PolicyAnswer))]
[JsonSerializable(typeof(ReadOnlyAnswer))]
[JsonSerializable(typeof(ReindexPreview))]
[JsonSerializable(typeof(ReindexResult))]
[JsonSerializable(typeof(RemovalReport))]
[JsonSerializable(typeof(ReplayAnswer))]
[JsonSerializable(typeof(RepositoryDeletionAnswer))]
[JsonSerializable(typeof(RepositoryListAnswer))]
[JsonSerializable(typeof(RepositoryRenameAnswer))]
[JsonSerializable(typeof(RepositoryRestoreAnswer))]
[JsonSerializable(typeof(RepositoryTagsAnswer))]
[JsonSerializable(typeof(RestoreReport))]
[JsonSerializable(typeof(RetentionResult))]
[JsonSerializable(typeof(RollbackAnswer))]
[JsonSerializable(typeof(SpaceAnswer))]
[JsonSerializable(typeof(TagHistoryAnswer))]
[JsonSerializable(typeof(TagListAnswer))]
[JsonSerializable(typeof(TagStateAnswer))]
[JsonSerializable(typeof(TransferReport))]
[JsonSerializable(typeof(TrashAnswer))]
[JsonSerializable(typeof(TrashPurgeAnswer))]
[JsonSerializable(typeof(TrashRestoreAnswer))]
[JsonSerializable(typeof(VerifyResult))]
[JsonSerializable(typeof(VersionAnswer))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    /// <summary>Serializes readably: indented, with quotes and umlauts unescaped.</summary>
    public static ReportJson Indented { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters =
        {
            new JsonStringEnumConverter<SettingOrigin>(JsonNamingPolicy.CamelCase),
            new BlobStateConverter(),
        },
    });

    /// <summary>Writes one report.</summary>
    public static void Write<T>(TextWriter output, T report, Func<ReportJson, JsonTypeInfo<T>> type) =>
        output.WriteLine(JsonSerializer.Serialize(report, type(Indented)));
}
