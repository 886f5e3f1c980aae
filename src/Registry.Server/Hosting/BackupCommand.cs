using System.Text.Json;
using Microsoft.Extensions.Logging;
using Registry.Core.Backup;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary><c>registry backup</c>: copies everything that is stored into a folder, while the registry runs or not.</summary>
internal static class BackupCommand
{
    /// <summary>Makes the backup and prints the report.</summary>
    /// <returns>0, or 1 when something could not be backed up, or the backup could not be made.</returns>
    public static async Task<int> RunAsync(
        RegistryOptions options,
        BackupRequest request,
        TextWriter output,
        TimeProvider time,
        ILoggerFactory loggers,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        // Those that are in the data folder belong to the backup; others are the operator's.
        string?[] files = [options.HtpasswdPath, options.AccessControlPath, options.TokenPublicKeyPath];
        try
        {
            var report = await BackupOperation.RunAsync(
                options.StoragePath, request.Folder, files.OfType<string>(), time, loggers, progress, cancellationToken);
            output.WriteLine(request.IsJson ? JsonSerializer.Serialize(report, ReportJson.Default.BackupReport) : Describe(report));
            return FaultLines.Write(report.Faulty, report.Faults, "copied", Console.Error) ? ExitCodes.Failure : ExitCodes.Success;
        }
        catch (StorageException e)
        {
            return Refuse(e.Message);
        }
        catch (OperationCanceledException)
        {
            return Refuse("the backup was interrupted; what was there before is still there. Run it again to go on");
        }
    }

    private static string Describe(BackupReport report) =>
        $"Backed up {report.Blobs - report.Faulty} blobs: {report.Copied} copied ({report.CopiedBytes} bytes), {report.Kept} there already, {report.Removed} no longer needed and removed.";

    private static int Refuse(string message)
    {
        Console.Error.WriteLine($"registry: {message}");
        return ExitCodes.Failure;
    }
}
