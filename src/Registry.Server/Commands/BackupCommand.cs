using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Registry.Core.Backup;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary><c>registry backup</c>: copies everything that is stored into a folder, while the registry runs or not.</summary>
internal static class BackupCommand
{
    public static Command Create(CommandContext context)
    {
        var folder = new Argument<string>("FOLDER") { Description = "Where the backup is made, or brought up to date." };
        var keep = new Option<int>("--keep")
        {
            HelpName = "NUMBER",
            Description = $"How many generations are kept, with the new one; {BackupRequest.UsualKeep} unless it is said.",
            DefaultValueFactory = _ => BackupRequest.UsualKeep,
        };
        keep.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError($"--keep is {result.GetValueOrDefault<int>()}; at least 1 generation is kept");
            }
        });
        var list = GenerationList.Option();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "backup",
            "Copy everything that is stored into a folder, while the registry runs or not. Each backup is a generation of its own, which copies only "
            + "what the folder does not have yet.",
            "registry backup /mnt/backup",
            "registry backup /mnt/backup --keep 30",
            "registry backup /mnt/backup --list --json")
        {
            folder,
            keep,
            list,
            json,
        };
        command.SetAction((parsed, _) => parsed.GetValue(list)
            ? GenerationList.WriteAsync(context, parsed.GetRequiredValue(folder), parsed.GetValue(json))
            : context.WithSignalsAsync(parsed, (options, loggers, cancelled) => RunAsync(
                context,
                options,
                new BackupRequest(parsed.GetRequiredValue(folder), parsed.GetValue(keep), parsed.GetValue(json)),
                TimeProvider.System,
                loggers,
                cancelled)));
        return command;
    }

    /// <summary>Makes the backup and prints the report.</summary>
    /// <returns>0, or 1 when something could not be backed up, or the backup could not be made.</returns>
    public static async Task<int> RunAsync(
        CommandContext context,
        RegistryOptions options,
        BackupRequest request,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        // Those that are in the data folder belong to the backup; others are the operator's.
        string?[] files = [options.HtpasswdPath, options.AccessControlPath, options.TokenPublicKeyPath];
        try
        {
            var report = await context.WithProgressAsync(request.IsJson, TransferWork.Describe("Backing up"), progress => BackupOperation.RunAsync(
                options.StoragePath, request.Folder, request.Keep, files.OfType<string>(), time, loggers, progress, cancellationToken));
            context.Output.WriteLine(request.IsJson ? JsonSerializer.Serialize(report, ReportJson.Indented.BackupReport) : Describe(report));
            return FaultLines.Write(report.Faulty, report.Faults, "copied", context.Error) ? ExitCodes.Failure : ExitCodes.Success;
        }
        catch (StorageException e)
        {
            return context.Fail(e.Message);
        }
        catch (OperationCanceledException)
        {
            return context.Fail("the backup was interrupted; what was there before is still there. Run it again to go on");
        }
    }

    private static string Describe(BackupReport report) =>
        $"Backed up {report.Blobs - report.Faulty} blobs as generation {report.Generation}: {report.Copied} copied ({ByteSize.Describe(report.CopiedBytes)}), {report.Kept} there already. "
        + $"Generations: {report.Generations.Count}; removed: {report.Pruned.Count}, with {report.Removed} blobs that no other needs.";
}
