using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Configuration;
using Registry.Core.Oci;
using Registry.Server.Commands.Remote;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;
using Registry.Storage;

namespace Registry.Server.Commands.Maintain;

/// <summary><c>registry gc</c>: runs a collection, or previews and explains one.</summary>
internal static class GcCommand
{
    public static Command Create(CommandContext context)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Change nothing; list what would be removed, and why." };
        var force = new Option<bool>("--force") { Description = "Remove even more than half of the content, and even while the collection is paused." };
        var explain = new Option<string>("--explain") { HelpName = "DIGEST", Description = "Change nothing; tell why this blob or manifest is kept. Exits with 1 when it is not stored." };
        var untagged = new Option<bool>("--untagged") { Description = "Change nothing; list manifests that no tag, index or subject holds." };
        var olderThan = new Option<string>("--older-than") { HelpName = "TIME", Description = "With --untagged: only manifests that were pushed at least this long ago, such as 30d." };
        var delete = new Option<bool>("--delete") { Description = "With --untagged: delete the listed manifests." };
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "gc",
            "Collect garbage now; a running registry does so by itself. Asks the registry that runs on the data folder, or works in the folder of a stopped one.",
            "registry gc --dry-run",
            "registry gc",
            "registry gc --untagged --older-than 30d",
            "registry gc --dry-run --server https://registry.example.com",
            "registry gc --explain sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --json")
        {
            dryRun,
            force,
            explain,
            untagged,
            olderThan,
            delete,
            server,
            json,
        };
        command.Validators.Add(result =>
        {
            if (new Option[] { dryRun, force, explain }.Count(option => result.GetResult(option) is { Implicit: false }) > 1)
            {
                result.AddError("--dry-run, --force and --explain cannot be combined");
            }

            if (result.GetValue(untagged) && new Option[] { dryRun, explain }.Any(option => result.GetResult(option) is { Implicit: false }))
            {
                result.AddError("--untagged cannot be combined with --dry-run or --explain; without --delete it only lists");
            }

            if (!result.GetValue(untagged) && new Option[] { olderThan, delete }.Any(option => result.GetResult(option) is { Implicit: false }))
            {
                result.AddError("--older-than and --delete need --untagged");
            }

            if (Text(result, olderThan) is { } age && !Duration.TryParse(age, out _))
            {
                result.AddError($"'{age}' is not a time; write it like 30d, 12h or 1h30m");
            }

            if (Text(result, explain) is { } text && !Digest.TryParse(text, out _))
            {
                result.AddError($"'{text}' is not a digest; write it like sha256:e3b0c442…, with all 64 digits");
            }
        });
        command.SetAction((parsed, _) =>
        {
            Digest? explained = parsed.GetValue(explain) is { } text ? Digest.Parse(text) : null;
            var age = parsed.GetValue(olderThan) is { } time && Duration.TryParse(time, out var least) ? least : TimeSpan.Zero;
            var request = new GcRequest(
                parsed.GetValue(dryRun),
                parsed.GetValue(force),
                explained,
                parsed.GetValue(untagged) ? new GcRequest.UntaggedManifests(age, parsed.GetValue(delete)) : null,
                parsed.GetValue(json));
            var run = new MaintenanceRun(context, new GcWork(request), request.IsJson);
            return run.RunAsync(parsed, parsed.GetValue(server), (options, loggers, cancelled) => RunInFolderAsync(context, run, options, request, TimeProvider.System, loggers, cancelled));
        });
        return command;
    }

    // GetValue throws for an option without its value, which the parser has reported already.
    private static string? Text(CommandResult result, Option<string> option) =>
        result.GetResult(option) is { Tokens: [var token] } ? token.Value : null;

    /// <summary>Asks the registry that runs on the data folder of the settings, or collects there.</summary>
    public static Task<int> RunAsync(
        CommandContext context, RegistryOptions options, GcRequest request, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var run = new MaintenanceRun(context, new GcWork(request), request.IsJson);
        return run.RunAsync(options, () => RunInFolderAsync(context, run, options, request, time, loggers, cancellationToken), cancellationToken);
    }

    private static async Task<int> RunInFolderAsync(
        CommandContext context,
        MaintenanceRun run,
        RegistryOptions options,
        GcRequest request,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var opened = await RegistryStorage.OpenExistingAsync(options.Storage, PolicyFile.ReadChangeRules(options), time, loggers, writesOut: !request.IsReport);
        return await context.WithStorageAsync(opened, async storage =>
        {
            if (!storage.Indexer.IsComplete)
            {
                throw StoppedRegistry.NotIndexed;
            }

            var origin = StoppedRegistry.OriginOf("gc");
            var core = new RegistryCore(storage.Ports, options.CoreSettings with { CollectorOrigin = origin }, time, loggers);
            return await run.RunAsync(new MaintenanceTarget(storage, core, origin, time, IsServing: false), cancellationToken);
        });
    }
}
