using Microsoft.Extensions.Logging;
using Registry.Core.Maintenance;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary>
/// <c>registry verify</c>: reads everything that is stored, as fast as the disk allows, while no registry uses the folder. A running registry
/// does the same in the background.
/// </summary>
internal static class VerifyCommand
{
    /// <summary>Prints what was found; the log has a line for each fault.</summary>
    /// <returns>0 when everything is as it was stored, 1 when not.</returns>
    public static async Task<int> RunAsync(RegistryOptions options, ILoggerFactory loggers, bool isDryRun)
    {
        var path = Path.GetFullPath(options.StoragePath);
        try
        {
            await using var storage = RegistryStorage.Open(path, TimeProvider.System, loggers);
            if (isDryRun && !storage.IndexTarget.IsComplete)
            {
                return Refusal.NotIndexed(path);
            }

            var indexer = new TreeIndexer(storage.Tree, storage.IndexTarget, storage.Threads, loggers.CreateLogger<TreeIndexer>());
            await indexer.RunAsync(CancellationToken.None);
            var pace = new Pace(Pace.Unlimited, TimeProvider.System);
            var inspector = new BlobInspector(
                storage.Scrub, storage.VerifierMetadata, storage.Locks, pace, loggers.CreateLogger<BlobInspector>());
            var verifier = new Verifier(
                inspector, storage.VerifierMetadata, storage.Clock, options.VerifyPeriod, TimeProvider.System, loggers.CreateLogger<Verifier>());
            var result = await verifier.VerifyAllAsync(isDryRun, CancellationToken.None);
            Console.Out.WriteLine(
                $"{result.Count} blobs and manifests with {result.Bytes} bytes were read in {path}: "
                + $"{result.Damaged} damaged, {result.Missing} missing, {result.Unreadable} unreadable."
                + (result.IsMetadataDamaged ? " registry.db is damaged; 'registry reindex' rebuilds it." : string.Empty));
            return result.IsClean ? ExitCodes.Success : ExitCodes.Failure;
        }
        catch (StorageException e)
        {
            return Refusal.Of(path, e);
        }
    }
}
