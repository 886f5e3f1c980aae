using Microsoft.Extensions.Logging;
using Registry.Core.Policies.Retention;
using Registry.Server.Configuration;
using Registry.Storage;

namespace Registry.Server.Commands.Maintain;

/// <summary><c>registry bucket …</c>: the mark by which the registry recognizes the bucket of its blobs.</summary>
internal static class BucketCommands
{
    public static DescribedCommand Create(CommandContext context)
    {
        var adopt = new DescribedCommand(
            "adopt",
            "Mark the bucket and prefix as those of this registry's metadata, after a copy of the metadata was restored. A registry with another copy "
            + "deletes no more objects from then on. With the metadata in SQLite, the registry must not be running.",
            "registry bucket adopt");
        adopt.SetAction((parsed, _) => context.WithSignalsAsync(parsed, (options, loggers, cancelled) => options.Bucket is null
            ? Task.FromResult(context.Fail("REGISTRY_BLOBS is files: there is no bucket to adopt"))
            : AdoptAsync(context, options, loggers, cancelled)));
        return new DescribedCommand("bucket", "Manage the S3 bucket of the blobs.") { adopt };
    }

    private static Task<int> AdoptAsync(CommandContext context, RegistryOptions options, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        context.TryAsync(options.Storage, "the command was interrupted; run it again", async () => await context.WithStorageAsync(
            await RegistryStorage.OpenExistingAsync(options.Storage, PolicyFile.ReadChangeRules(options), TimeProvider.System, loggers),
            async storage =>
            {
                // A copy of the metadata uses positions again that the original has used for other changes.
                await storage.Ports.Changes.BeginEpochAsync();
                var bucket = storage.Bucket!;

                // The database may come from a dump: what was pulled since is not known.
                await storage.Ports.Retention.SetMarkAsync(RetentionMark.PullsRecordedSince, null);
                context.Output.WriteLine(await bucket.AdoptAsync(cancellationToken) is var (writer, at)
                    ? $"Marked {bucket.Address} as that of this registry. The mark before was written on {writer} at {at:u}."
                    : $"Marked {bucket.Address} as that of this registry. It had no mark.");
                return ExitCodes.Success;
            }));
}
