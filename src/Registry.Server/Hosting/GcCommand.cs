using Microsoft.Extensions.Logging;
using Registry.Core.Maintenance;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary><c>registry gc</c>: a collection, or what it would do and why, while no registry uses the folder.</summary>
internal static class GcCommand
{
    public static async Task<int> RunAsync(RegistryOptions options, GcRequest request, TextWriter output, TimeProvider time, ILoggerFactory loggers)
    {
        var path = Path.GetFullPath(options.StoragePath);
        try
        {
            await using var storage = RegistryStorage.Open(path, time, loggers);
            if (!storage.IndexTarget.IsComplete)
            {
                return Refusal.NotIndexed(path);
            }

            using var walk = new StorageWalk(
                storage.Blobs, storage.CollectorMetadata, storage.Links, storage.Locks, storage.Threads, storage.Clock, options.GcGrace, loggers.CreateLogger<StorageWalk>());
            var collector = new GarbageCollector(
                storage.CollectorMetadata, storage.Blobs, storage.Locks, new BlobLeases(), walk, storage.Clock, options.GcGrace, loggers.CreateLogger<GarbageCollector>());
            var report = new GcReport(storage, collector, walk, options.GcGrace, output);
            if (request.Explained is { } digest)
            {
                return await report.ExplainAsync(digest) ? ExitCodes.Success : ExitCodes.Failure;
            }

            if (request.IsDryRun)
            {
                await report.PreviewAsync();
                return ExitCodes.Success;
            }

            return await CollectAsync(collector, walk, request.IsForced, output);
        }
        catch (StorageException e)
        {
            return Refusal.Of(path, e);
        }
    }

    private static async Task<int> CollectAsync(GarbageCollector collector, StorageWalk walk, bool isForced, TextWriter output)
    {
        var (unknown, passed) = await walk.FindAsync(CancellationToken.None);
        if (!isForced && GcReport.Objection(collector.Wait, await collector.EstimateAsync(), unknown.Count, passed) is { } objection)
        {
            return Refusal.Write($"{objection}. Nothing was removed. 'registry gc --dry-run' says what would be, 'registry gc --force' removes it");
        }

        var (links, blobs) = await collector.CollectAsync(CancellationToken.None);
        blobs += await walk.RemoveAsync(unknown, CancellationToken.None);
        output.WriteLine($"Removed {links} links and {blobs} blobs.");
        return ExitCodes.Success;
    }
}
