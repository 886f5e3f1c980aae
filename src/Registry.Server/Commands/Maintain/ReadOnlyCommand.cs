using System.CommandLine;
using Registry.Server.Api;
using Registry.Server.Api.Maintenance;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Maintain;

/// <summary><c>registry read-only</c>: shows the read-only mode of a running registry, or turns it on or off.</summary>
internal static class ReadOnlyCommand
{
    private const string On = "on";
    private const string Off = "off";

    public static Command Create(CommandContext context)
    {
        var state = new Argument<string?>("STATE") { Arity = ArgumentArity.ZeroOrOne, Description = "on or off. Without it, the mode is shown." };
        state.AcceptOnlyFromAmong(On, Off);
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "read-only",
            "Turn the read-only mode of the running registry on or off: pulls work, pushes and deletes are refused, nothing is collected. The mode lasts until it is turned off or the registry "
            + "stops; REGISTRY_READONLY decides about the next start.",
            "registry read-only on",
            "registry read-only",
            "registry read-only off --server https://registry.example.com")
        {
            state,
            server,
            json,
        };
        command.SetAction((parsed, _) => RunningRegistry.AskAsync(context, parsed, parsed.GetValue(server), async registry =>
        {
            var answer = parsed.GetValue(state) is { } wanted
                ? await registry.PostAsync(
                    $"/api/v1/maintenance/read-only?on={(wanted == On ? "true" : "false")}", new EmptyBody(), MaintenanceJson.Default.EmptyBody, null, MaintenanceJson.Default.ReadOnlyAnswer)
                : new ReadOnlyAnswer((await registry.GetAsync("/api/v1/maintenance", MaintenanceJson.Default.JobListAnswer)).ReadOnly);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, answer, json => json.ReadOnlyAnswer);
            }
            else
            {
                context.Output.WriteLine(answer.ReadOnly
                    ? "Read-only mode is on: pulls work, pushes and deletes are refused, nothing is collected. 'registry read-only off' ends it; so does a restart, unless REGISTRY_READONLY is set."
                    : "Read-only mode is off: pushes and deletes work, and garbage is collected.");
            }

            return ExitCodes.Success;
        }));
        return command;
    }
}
