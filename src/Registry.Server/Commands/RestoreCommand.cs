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
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "restore",
            "Make an empty data folder what it was when the backup was made.",
            "registry restore /mnt/backup",
            "registry restore /mnt/backup --storage-path /var/lib/registry")
        {
            folder,
            json,
        };
        command.SetAction((parsed, _) => context.WithSignalsAsync(parsed, async (options, loggers, cancelled) =>
        {
            var request = new RestoreRequest(parsed.GetRequiredValue(folder), parsed.GetValue(json));
            using var progress = BackupCommand.Progress("Restoring");
            return await RunAsync(options, request, context.Output, TimeProvider.System, loggers, progress, cancelled);
        }));
        return command;
    }

    /// <summary>Restores the backup and prints the report.</summary>
    /// <returns>0, or 1 when something could not be restored, or nothing was.</returns>
    public static async Task<int> RunAsync(
        RegistryOptions options,
        RestoreRequest request,
        TextWriter output,
        TimeProvider time,
        ILoggerFactory loggers,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        try
        {
            var report = await RestoreOperation.RunAsync(request.Folder, options.StoragePath, time, loggers, progress, cancellationToken);
            output.WriteLine(request.IsJson
                ? JsonSerializer.Serialize(report, ReportJson.Indented.RestoreReport)
                : $"Restored {report.Blobs} blobs to {Path.GetFullPath(options.StoragePath)}.");
            return FaultLines.Write(report.Faulty, report.Faults, "restored", Console.Error) ? ExitCodes.Failure : ExitCodes.Success;
        }
        catch (StorageException e)
        {
            return Refusal.Write(e.Message);
        }
        catch (OperationCanceledException)
        {
            return Refusal.Write("the restore was interrupted; no registry starts on what there is. Run it again to go on");
        }
    }
}
