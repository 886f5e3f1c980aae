using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Server.Commands.Maintain;
using Registry.Server.Commands.Remote;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;

namespace Registry.Server.Commands.Transfer;

/// <summary><c>registry copy</c>: links an image into another repository.</summary>
internal static class CopyCommand
{
    public static Command Create(CommandContext context)
    {
        var source = ImageArguments.Create("SOURCE", "The image: team/app:1.0 or team/app@sha256:….");
        var target = ImageArguments.Create("TARGET", "The new repository, optionally with a tag. Default: the tag of the source.");
        var alone = new Option<bool>("--no-referrers") { Description = "Do not copy referrers such as signatures and SBOMs." };
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "copy",
            "Link an image into another repository without copying bytes. Asks the registry that runs on the data folder, or works in the folder of a stopped one.",
            "registry copy team/app:1.0 production/app",
            "registry copy team/app:1.0 production/app:stable --json",
            "registry copy team/app:1.0 production/app --server https://registry.example.com")
        {
            source,
            target,
            alone,
            server,
            json,
        };
        command.SetAction((parsed, _) =>
        {
            var request = new CopyRequest(
                ImageArguments.Parse(parsed.GetRequiredValue(source)),
                ImageArguments.Parse(parsed.GetRequiredValue(target)),
                !parsed.GetValue(alone),
                parsed.GetValue(json));
            var run = RunOf(context, request);
            return run.RunAsync(
                parsed, parsed.GetValue(server), (options, loggers, cancelled) => RunInFolderAsync(context, run, options, TimeProvider.System, loggers, cancelled));
        });
        return command;
    }

    /// <summary>Asks the registry that runs on the data folder of the settings, or copies there, and prints the report.</summary>
    public static Task<int> RunAsync(
        CommandContext context, RegistryOptions options, CopyRequest request, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var run = RunOf(context, request);
        return run.RunAsync(options, () => RunInFolderAsync(context, run, options, time, loggers, cancellationToken), cancellationToken);
    }

    private static MaintenanceRun RunOf(CommandContext context, CopyRequest request) =>
        new(context, new CopyWork(request.Source, request.Target, request.WithReferrers), request.IsJson);

    private static async Task<int> RunInFolderAsync(
        CommandContext context, MaintenanceRun run, RegistryOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        await context.WithStorageAsync(await StoppedRegistry.OpenAsync(CopyWork.Name, options, time, loggers), registry => run.RunAsync(registry.Target, cancellationToken));
}
