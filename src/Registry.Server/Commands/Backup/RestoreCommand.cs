using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Images.Backup;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;

namespace Registry.Server.Commands.Backup;

/// <summary><c>registry restore</c>: restores a generation of a backup into an empty data folder.</summary>
internal static class RestoreCommand
{
    public static Command Create(CommandContext context)
    {
        var arguments = new BackupArguments("Folder of the backup.");
        var generation = new Option<string>("--generation") { HelpName = "NAME", Description = "Generation to restore, such as 2026-11-27T093000Z. Default: the last one." };
        var command = new DescribedCommand(
            "restore",
            "Restore a generation of a backup, the last one by default, into an empty data folder.",
            "registry restore /mnt/backup",
            "registry restore /mnt/backup --storage-path /var/lib/registry",
            "registry restore /mnt/backup --generation 2026-11-27T093000Z",
            "registry restore /mnt/backup --list")
        {
            arguments.Folder,
            generation,
            arguments.List,
            arguments.Json,
        };
        arguments.SetAction(command, context, (parsed, folder, isJson) => new RestoreRequest(folder, parsed.GetValue(generation), isJson), RunAsync);
        return command;
    }

    /// <summary>Restores the backup and prints the report.</summary>
    /// <returns>0; 1 when a blob could not be restored, or the whole restore failed.</returns>
    public static async Task<int> RunAsync(
        CommandContext context,
        RegistryOptions options,
        RestoreRequest request,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        if (options.Bucket is not null)
        {
            return await context.RefuseAsync(
                options.Storage,
                "a backup is restored into files. Run the command with REGISTRY_BLOBS=files",
                "a backup is restored into a data folder. Run the command with REGISTRY_METADATA=sqlite and REGISTRY_BLOBS=files");
        }

        return await context.TryAsync(null, "the restore was interrupted; the registry does not start on the incomplete folder. Run it again to continue", async () =>
        {
            var report = await context.WithProgressAsync(request.IsJson, WorkDone.OfTransfer("Restoring"), progress => RestoreRun.RunAsync(
                request.Folder, request.Generation, options.StoragePath, time, loggers, progress, cancellationToken));
            context.Output.WriteLine(request.IsJson
                ? JsonSerializer.Serialize(report, ReportJson.Indented.RestoreReport)
                : $"Restored {Count.Of(report.Blobs, "blob")} of generation {report.Generation} to {Path.GetFullPath(options.StoragePath)}.");
            return FaultLines.Write(report.Faulty, report.Faults, "restored", context.Error) ? ExitCodes.Failure : ExitCodes.Success;
        });
    }
}
