using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Errors;
using Registry.Core.Storage;
using Registry.Server.Commands.Remote;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;
using Registry.Storage;
using Registry.Storage.Files;
using Registry.Storage.Files.Tree;

namespace Registry.Server.Commands.Maintain;

/// <summary>
/// <c>registry reindex</c>: rebuilds the metadata of a stopped registry from its tree. The old database is kept beside the new one until the
/// new one is complete, and for good when it could not be read. <c>--dry-run</c> lists the differences instead, also of a running one.
/// </summary>
internal static class ReindexCommand
{
    public static Command Create(CommandContext context)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Change nothing; list what the rebuild would remove, add or change." };
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "reindex",
            "Rebuild the metadata from the storage tree. The registry must not be running; --dry-run also asks a running one.",
            "registry reindex --dry-run",
            "registry reindex --storage-path /var/lib/registry",
            "registry reindex --dry-run --server https://registry.example.com --json")
        {
            dryRun,
            server,
            json,
        };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(dryRun) && result.GetResult(server) is not null)
            {
                result.AddError("--server needs --dry-run: a reindex replaces the database, which a running registry uses");
            }
        });
        command.SetAction((parsed, _) =>
        {
            var isJson = parsed.GetValue(json);
            return parsed.GetValue(server) is { } url
                ? new MaintenanceRun(context, new ComparisonWork(), isJson).AskAsync(parsed, url)
                : context.WithSignalsAsync(parsed, (options, loggers, cancelled) => options.Bucket is not null
                    ? context.RefuseAsync(
                        options.Storage,
                        "there is no tree to rebuild the metadata from. Restore registry.db from a copy",
                        "there is no tree to rebuild the metadata from. Restore the database from a dump")
                    : parsed.GetValue(dryRun) ? PreviewAsync(context, options, loggers, isJson, cancelled)
                    : RunAsync(context, options, loggers, isJson, cancelled));
        });
        return command;
    }

    public static async Task<int> RunAsync(CommandContext context, RegistryOptions options, ILoggerFactory loggers, bool isJson, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(options.StoragePath);
        return await context.TryAsync(options.Storage, "the reindex was interrupted; run it again, or start the registry, which continues it", async () =>
        {
            CheckIsFree(path);
            var isReadable = await TryFinishAsync(context, options, path, loggers);
            string? kept = null;
            using (var folder = DataFolder.Open(path))
            {
                if (isReadable)
                {
                    DatabaseFiles.SetAside(folder.Paths);
                }
                else if ((kept = DatabaseFiles.SetAsideDamaged(folder.Paths)) is not null && !isJson)
                {
                    context.Output.WriteLine($"The old metadata is kept as {kept}.");
                }
            }

            StorageTotals totals;
            await using (var storage = RegistryStorage.Open(path, PolicyFile.ReadChangeRules(options), TimeProvider.System, loggers))
            {
                await context.WithProgressAsync<IndexingProgress, bool>(
                    isJson,
                    done => new WorkDone($"Indexing {Count.Of(done.Manifests, "manifest")}", done.Repositories, done.AllRepositories, "repositories"),
                    async progress =>
                    {
                        await storage.Files!.Indexer.RunAsync(progress, cancellationToken);
                        return true;
                    });
                totals = await storage.ReadTotalsAsync();
            }

            using (var folder = DataFolder.Open(path))
            {
                DatabaseFiles.RemoveSetAside(folder.Paths);
            }

            if (isJson)
            {
                ReportJson.Write(
                    context.Output, new ReindexResult(path, totals.Repositories, totals.Tags, totals.Manifests, kept), json => json.ReindexResult);
                return ExitCodes.Success;
            }

            context.Output.WriteLine($"The metadata of {path} was rebuilt from its tree.");
            return ExitCodes.Success;
        });
    }

    /// <summary>Asks the registry that runs on the data folder what a reindex would change, or compares there.</summary>
    /// <returns>0 with or without differences, as <c>gc --dry-run</c>; 1 when something could not be compared.</returns>
    public static Task<int> PreviewAsync(CommandContext context, RegistryOptions options, ILoggerFactory loggers, bool isJson, CancellationToken cancellationToken)
    {
        var run = new MaintenanceRun(context, new ComparisonWork(), isJson);
        return run.RunAsync(options, () => CompareInFolderAsync(context, run, options, loggers, cancellationToken), cancellationToken);
    }

    // Writes what is only in the database yet, as any start does, and changes nothing else.
    private static async Task<int> CompareInFolderAsync(
        CommandContext context, MaintenanceRun run, RegistryOptions options, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(options.StoragePath);
        DataFolder.OpenExisting(path).Dispose();
        var isWhole = await TryFinishAsync(context, options, path, loggers);
        await using var storage = RegistryStorage.Open(path, PolicyFile.ReadChangeRules(options), TimeProvider.System, loggers);
        var core = new RegistryCore(storage.Ports, options.CoreSettings, TimeProvider.System, loggers);
        var exitCode = await run.RunAsync(
            new MaintenanceTarget(storage, core, StoppedRegistry.OriginOf("reindex"), TimeProvider.System, IsServing: false), cancellationToken);
        return isWhole ? exitCode : ExitCodes.Failure;
    }

    private static void CheckIsFree(string path)
    {
        try
        {
            DataFolder.OpenExisting(path).Dispose();
        }
        catch (StorageException e) when (e.InnerException is IOException inner && DataFolder.IsLocked(inner))
        {
            throw new StorageException(
                $"{e.Message.TrimEnd('.')}. A reindex replaces the database, so stop the registry first; 'registry reindex --dry-run' tells while it runs what would change", e);
        }
    }

    // Writes what is only in the old database yet: changes to the tree, and small content to its files. False when some may be left.
    private static async Task<bool> TryFinishAsync(CommandContext context, RegistryOptions options, string path, ILoggerFactory loggers)
    {
        string? reason;
        string? left = null;
        try
        {
            var storage = RegistryStorage.Open(path, PolicyFile.ReadChangeRules(options), TimeProvider.System, loggers);
            await storage.DisposeAsync();
            (reason, left) = (storage.Files!.TreeFailure ?? storage.Files.StagedFailure, Leftovers.DescribeStaged(storage.Files));
        }
        catch (StorageException e)
        {
            reason = e.Message;
        }

        if (left is not null)
        {
            throw new StorageException($"{left}. The metadata was not changed; remove the cause, and run the command again");
        }

        if (reason is not null)
        {
            await context.Error.WriteLineAsync(
                $"registry: warning: the old metadata cannot be read completely, so only the tree is used: {path} {reason}");
        }

        return reason is null;
    }
}
