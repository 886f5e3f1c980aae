using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Registry.Core.Backup;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary><c>registry restore</c>: makes an empty data folder what it was when the backup was made.</summary>
internal static class RestoreCommand
{
    public static Command Create(CommandContext context)
    {
        var folder = new Argument<string>("FOLDER") { Description = "Where the backup is." };
        var generation = new Option<string>("--generation") { HelpName = "NAME", Description = "The generation, such as 2026-11-27T093000Z; the last one unless it is said." };
        var list = GenerationList.Option();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "restore",
            "Restore a backup into an empty data folder: the last generation, or another one.",
            "registry restore /mnt/backup",
            "registry restore /mnt/backup --storage-path /var/lib/registry",
            "registry restore /mnt/backup --generation 2026-11-27T093000Z",
            "registry restore /mnt/backup --list")
        {
            folder,
            generation,
            list,
            json,
        };
        command.SetAction((parsed, _) => parsed.GetValue(list)
            ? GenerationList.WriteAsync(context, parsed.GetRequiredValue(folder), parsed.GetValue(json))
            : context.WithSignalsAsync(parsed, (options, loggers, cancelled) => RunAsync(
                context,
                options,
                new RestoreRequest(parsed.GetRequiredValue(folder), parsed.GetValue(generation), parsed.GetValue(json)),
                TimeProvider.System,
                loggers,
                cancelled)));
        return command;
    }

    /// <summary>Restores the backup and prints the report.</summary>
    /// <returns>0, or 1 when something could not be restored, or nothing was.</returns>
    public static async Task<int> RunAsync(
        CommandContext context,
        RegistryOptions options,
        RestoreRequest request,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        try
        {
            var report = await context.WithProgressAsync(request.IsJson, TransferWork.Describe("Restoring"), progress => RestoreOperation.RunAsync(
                request.Folder, request.Generation, options.StoragePath, time, loggers, progress, cancellationToken));
            context.Output.WriteLine(request.IsJson
                ? JsonSerializer.Serialize(report, ReportJson.Indented.RestoreReport)
                : $"Restored {report.Blobs} blobs of generation {report.Generation} to {Path.GetFullPath(options.StoragePath)}.");
            return FaultLines.Write(report.Faulty, report.Faults, "restored", context.Error) ? ExitCodes.Failure : ExitCodes.Success;
        }
        catch (StorageException e)
        {
            return context.Fail(e.Message);
        }
        catch (OperationCanceledException)
        {
            return context.Fail("the restore was interrupted; no registry starts on what there is. Run it again to go on");
        }
    }
}
