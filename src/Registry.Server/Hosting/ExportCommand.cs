using Microsoft.Extensions.Logging;
using Registry.Core.Layouts;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary><c>registry export</c>: writes images as an OCI image layout, while the registry runs or not.</summary>
internal static class ExportCommand
{
    /// <summary>Exports, and prints the report to <paramref name="output"/>, or to standard error when the archive goes to standard output.</summary>
    public static async Task<int> RunAsync(
        RegistryOptions options, ExportRequest request, TextWriter output, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(options.StoragePath);
        try
        {
            using var storage = await StorageReader.OpenAsync(path, time, loggers, cancellationToken);
            if (request.Target == "-")
            {
                await using var stream = Console.OpenStandardOutput();
                var streamed = await ImageExport.ToStreamAsync(storage, request.Images, stream, request.WithReferrers, cancellationToken);
                TransferLines.Write(streamed, "Exported", request.IsJson, Console.Error);
                return ExitCodes.Success;
            }

            var report = await ImageExport.ToPathAsync(storage, request.Images, request.Target, request.WithReferrers, cancellationToken);
            TransferLines.Write(report, "Exported", request.IsJson, output);
            return ExitCodes.Success;
        }
        catch (LayoutException e)
        {
            return TransferLines.Refuse($"{e.Message}. Nothing was exported");
        }
        catch (StorageException e)
        {
            return TransferLines.Refuse($"REGISTRY_STORAGE_PATH {path} {e.Message}");
        }
        catch (OperationCanceledException)
        {
            return TransferLines.Refuse("the export was interrupted; nothing was exported");
        }
    }
}
