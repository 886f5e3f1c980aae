using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Server.Commands.Remote;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;
using Registry.Storage;

namespace Registry.Server.Commands.Maintain;

/// <summary><c>registry verify</c>: reads all stored content now. A running registry does the same in the background.</summary>
internal static class VerifyCommand
{
    public static Command Create(CommandContext context)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Change nothing; only report." };
        var fullSpeed = new Option<bool>("--full-speed") { Description = "Of a running registry: read as fast as the storage allows, and not at most at REGISTRY_VERIFY_RATE. Pulls get slower." };
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "verify",
            "Read all stored content and move damaged files into quarantine. Exits with 1 when content is damaged, missing or unreadable. "
            + "Asks the registry that runs on the data folder, or works in the folder of a stopped one, as fast as the storage allows.",
            "registry verify",
            "registry verify --dry-run --json",
            "registry verify --full-speed --server https://registry.example.com")
        {
            dryRun,
            fullSpeed,
            server,
            json,
        };
        command.SetAction((parsed, _) =>
        {
            var isDryRun = parsed.GetValue(dryRun);
            var run = new MaintenanceRun(context, new VerifyWork(isDryRun, parsed.GetValue(fullSpeed)), parsed.GetValue(json));
            return run.RunAsync(parsed, parsed.GetValue(server), (options, loggers, cancelled) => RunInFolderAsync(context, run, options, loggers, isDryRun, cancelled));
        });
        return command;
    }

    // The log gets a line for each fault.
    private static async Task<int> RunInFolderAsync(
        CommandContext context, MaintenanceRun run, RegistryOptions options, ILoggerFactory loggers, bool isDryRun, CancellationToken cancellationToken)
    {
        var opened = await RegistryStorage.OpenExistingAsync(options.Storage, PolicyFile.ReadChangeRules(options), TimeProvider.System, loggers, writesOut: !isDryRun);
        return await context.WithStorageAsync(opened, async storage =>
        {
            if (isDryRun && !storage.Indexer.IsComplete)
            {
                throw StoppedRegistry.NotIndexed;
            }

            if (storage.Files is { } files)
            {
                await files.Indexer.RunAsync(cancellationToken);
            }

            var core = new RegistryCore(storage.Ports, options.CoreSettings, TimeProvider.System, loggers);
            return await run.RunAsync(new MaintenanceTarget(storage, core, StoppedRegistry.OriginOf("verify"), TimeProvider.System, IsServing: false), cancellationToken);
        });
    }
}
