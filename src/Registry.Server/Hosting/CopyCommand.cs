using Microsoft.Extensions.Logging;
using Registry.Core.Layouts;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary><c>registry copy</c>: links an image into another repository, while no registry runs.</summary>
internal static class CopyCommand
{
    /// <summary>Copies, and prints the report.</summary>
    public static async Task<int> RunAsync(
        RegistryOptions options, CopyRequest request, TextWriter output, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(options.StoragePath);
        try
        {
            await using var registry = await StoppedRegistry.OpenAsync(options, time, loggers);
            var report = await ImageCopy.RunAsync(
                registry.Storage.Metadata,
                registry.Storage.Blobs,
                registry.Writer,
                request.Source,
                request.Target,
                request.WithReferrers,
                cancellationToken);
            TransferLines.Write(report, "Copied to", request.IsJson, output);
            return ExitCodes.Success;
        }
        catch (LayoutException e)
        {
            return TransferLines.Refuse(e.Message);
        }
        catch (StorageException e)
        {
            return TransferLines.Refuse(
                $"REGISTRY_STORAGE_PATH {path} {e.Message}. In a registry that runs, a client copies without moving bytes: skopeo copy --all docker://HOST/A:TAG docker://HOST/B:TAG");
        }
        catch (OperationCanceledException)
        {
            return TransferLines.Refuse("the copy was interrupted; the tag was not set. Run it again");
        }
    }
}
