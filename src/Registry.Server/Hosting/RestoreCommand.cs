using System.Text.Json;
using Microsoft.Extensions.Logging;
using Registry.Core.Backup;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary><c>registry restore</c>: makes an empty data folder what it was when the backup was made.</summary>
internal static class RestoreCommand
{
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
                ? JsonSerializer.Serialize(report, ReportJson.Default.RestoreReport)
                : $"Restored {report.Blobs} blobs to {Path.GetFullPath(options.StoragePath)}.");
            return FaultLines.Write(report.Faulty, report.Faults, "restored", Console.Error) ? ExitCodes.Failure : ExitCodes.Success;
        }
        catch (StorageException e)
        {
            return Refuse(e.Message);
        }
        catch (OperationCanceledException)
        {
            return Refuse("the restore was interrupted; no registry starts on what there is. Run it again to go on");
        }
    }

    private static int Refuse(string message)
    {
        Console.Error.WriteLine($"registry: {message}");
        return ExitCodes.Failure;
    }
}
