using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Registry.Core.Configuration;
using Registry.Core.Errors;
using Registry.Images.Backup;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;

namespace Registry.Server.Commands.Backup;

/// <summary><c>registry backup</c>: copies the whole registry into a folder. The registry may be running.</summary>
internal static class BackupCommand
{
    public static Command Create(CommandContext context)
    {
        var arguments = new BackupArguments("Folder of the backup. It is created when it does not exist.");
        var keep = new Option<int>("--keep")
        {
            HelpName = "NUMBER",
            Description = $"Number of generations to keep, including the new one. Default: {BackupRequest.UsualKeep}",
            DefaultValueFactory = _ => BackupRequest.UsualKeep,
        };
        keep.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError($"--keep is {result.GetValueOrDefault<int>()}; it must be at least 1");
            }
        });
        var command = new DescribedCommand(
            "backup",
            "Back up the whole registry into a folder. The registry may be running. Each backup is a new generation; it copies only the blobs "
                + "that the folder does not have yet.",
            "registry backup /mnt/backup",
            "registry backup /mnt/backup --keep 30",
            "registry backup /mnt/backup --list --json")
        {
            arguments.Folder,
            keep,
            arguments.List,
            arguments.Json,
        };
        arguments.SetAction(command, context, (parsed, folder, isJson) => new BackupRequest(folder, parsed.GetValue(keep), isJson), RunAsync);
        return command;
    }

    /// <summary>Makes the backup and prints the report.</summary>
    /// <returns>0; 1 when a blob could not be backed up, or the whole backup failed.</returns>
    public static async Task<int> RunAsync(
        CommandContext context,
        RegistryOptions options,
        BackupRequest request,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        if (options.Bucket is not null)
        {
            return await context.RefuseAsync(
                options.Storage,
                "a backup would have no blobs. Stop the registry, copy registry.db, and keep the versions of the bucket; see docs/s3.md",
                "a backup would have no blobs. Dump the database with pg_dump, and keep the versions of the bucket; see docs/many-nodes.md");
        }

        // The backup includes the files of users, rules and the mirror only when they are in the data folder.
        string?[] files = [options.HtpasswdPath, options.AccessControlPath, options.TokenPublicKeyPath, options.PolicyConfig, options.MirrorConfig, options.EventsConfig];
        return await context.TryAsync(null, "the backup was interrupted; earlier generations are intact. Run it again to continue", async () =>
        {
            var report = await context.WithProgressAsync(request.IsJson, WorkDone.OfTransfer("Backing up"), progress => BackupRun.RunAsync(
                options.StoragePath, request.Folder, request.Keep, files.OfType<string>(), time, loggers, progress, cancellationToken));
            context.Output.WriteLine(request.IsJson ? JsonSerializer.Serialize(report, ReportJson.Indented.BackupReport) : Describe(report));
            return FaultLines.Write(report.Faulty, report.Faults, "copied", context.Error) ? ExitCodes.Failure : ExitCodes.Success;
        });
    }

    private static string Describe(BackupReport report) =>
        $"Backed up {Count.Of(report.Blobs - report.Faulty, "blob")} as generation {report.Generation}: {report.Copied} copied ({ByteSize.Describe(report.CopiedBytes)}), {report.Kept} there already. "
        + $"Generations: {report.Generations.Count}; removed: {report.Pruned.Count}, with {Count.Of(report.Removed, "blob")} that no other generation needs.";
}
