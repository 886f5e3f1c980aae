using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Oci;
using Registry.Server.Commands.Maintain;
using Registry.Server.Commands.Remote;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;
using Registry.Storage;

namespace Registry.Server.Commands.Policies;

/// <summary><c>registry policy preview</c> and <c>run</c>: what the rules about retention keep and delete.</summary>
internal static class RetentionCommands
{
    public static Command CreatePreview(CommandContext context)
    {
        var repository = new Argument<string>("REPO") { Arity = ArgumentArity.ZeroOrOne, Description = "The repository; without it, all that have rules about retention." };
        repository.Validators.Add(result => RemoteArguments.Check(
            result, text => RepositoryName.TryParse(text, out _), "does not name a repository; write it like team/app"));
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "preview",
            "Change nothing; list what a retention would delete and what it keeps, each with the reason. Asks the registry that runs on the data folder, or works in the folder of a stopped one.",
            "registry policy preview",
            "registry policy preview team/app",
            "registry policy preview --server https://registry.example.com --json")
        {
            repository,
            server,
            json,
        };
        command.SetAction((parsed, _) => RunAsync(
            context,
            parsed,
            new RetentionWork(isDryRun: true, repository: parsed.GetValue(repository) is { } name ? RepositoryName.Parse(name) : null),
            isDryRun: true,
            parsed.GetValue(server),
            parsed.GetValue(json)));
        return command;
    }

    public static Command CreateRun(CommandContext context)
    {
        var yes = new Option<bool>("--yes") { Description = "Delete even more than half of the tags of a rule." };
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "run",
            "Delete now what no rule about retention keeps; a running registry does so once a day. Deleted images go to the trash.",
            "registry policy run",
            "registry policy run --yes",
            "registry policy run --server https://registry.example.com")
        {
            yes,
            server,
            json,
        };
        command.SetAction((parsed, _) => RunAsync(
            context, parsed, new RetentionWork(isDryRun: false, parsed.GetValue(yes)), isDryRun: false, parsed.GetValue(server), parsed.GetValue(json)));
        return command;
    }

    private static Task<int> RunAsync(CommandContext context, ParseResult parsed, RetentionWork work, bool isDryRun, string? server, bool isJson)
    {
        var run = new MaintenanceRun(context, work, isJson);
        return run.RunAsync(parsed, server, (options, loggers, cancelled) => RunInFolderAsync(context, run, options, isDryRun, loggers, cancelled));
    }

    private static async Task<int> RunInFolderAsync(
        CommandContext context, MaintenanceRun run, RegistryOptions options, bool isDryRun, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var rules = PolicyFile.ReadRules(options);
        var changeRules = PolicyFile.ChangeRulesOf(options, () => rules);
        var opened = await RegistryStorage.OpenExistingAsync(options.Storage, changeRules, TimeProvider.System, loggers, writesOut: !isDryRun);
        return await context.WithStorageAsync(opened, async storage =>
        {
            if (!storage.Indexer.IsComplete)
            {
                throw StoppedRegistry.NotIndexed;
            }

            var settings = options.CoreSettings with { Policies = () => rules, ChangeRules = changeRules };
            var core = new RegistryCore(storage.Ports, settings, TimeProvider.System, loggers);
            var target = new MaintenanceTarget(storage, core, StoppedRegistry.OriginOf("policy run"), TimeProvider.System, IsServing: false);
            return await run.RunAsync(target, cancellationToken);
        });
    }
}
