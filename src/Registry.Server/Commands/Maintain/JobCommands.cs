using System.CommandLine;
using Registry.Server.Api;
using Registry.Server.Api.Maintenance;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Maintain;

/// <summary><c>registry jobs …</c>: maintenance that a running registry does, or has done.</summary>
internal static class JobCommands
{
    public static Command Create(CommandContext context) => new DescribedCommand(
        "jobs", "List the maintenance that a running registry was asked for ('registry gc', 'registry verify', 'registry import', …), or end it.")
    {
        CreateList(context),
        CreateCancel(context),
    };

    private static DescribedCommand CreateList(CommandContext context)
    {
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "ls",
            "List the last jobs of the running registry, the last one first: what was asked for, by whom, and how it ended.",
            "registry jobs ls",
            "registry jobs ls --server https://registry.example.com --json")
        {
            server,
            json,
        };
        command.SetAction((parsed, _) => RunningRegistry.AskAsync(context, parsed, parsed.GetValue(server), async registry =>
        {
            var list = await ListAsync(registry);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, list, json => json.JobListAnswer);
            }
            else
            {
                JobTable.Write(context.Output, list);
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static DescribedCommand CreateCancel(CommandContext context)
    {
        var server = RemoteAddress.CreateOptionToMaintain();
        var command = new DescribedCommand(
            "cancel",
            "End the job that runs. What it has done until then stays done. Exits with 1 when none runs.",
            "registry jobs cancel")
        {
            server,
        };
        command.SetAction((parsed, _) => RunningRegistry.AskAsync(context, parsed, parsed.GetValue(server), async registry =>
        {
            if ((await ListAsync(registry)).Jobs.FirstOrDefault(job => job.State == JobAnswer.Running) is not { } running)
            {
                return context.Fail("no job runs; 'registry jobs ls' shows how the last ones ended");
            }

            var ended = await registry.PostAsync(
                $"/api/v1/maintenance/cancel?id={running.Id}", new EmptyBody(), MaintenanceJson.Default.EmptyBody, null, MaintenanceJson.Default.JobAnswer);
            context.Output.WriteLine($"'{RemoteMessage.Printable(ended.Kind)}' of {RemoteMessage.Printable(ended.StartedBy)} was asked to end; 'registry jobs ls' shows when it has.");
            return ExitCodes.Success;
        }));
        return command;
    }

    private static Task<JobListAnswer> ListAsync(RemoteRegistry registry) => registry.GetAsync("/api/v1/maintenance", MaintenanceJson.Default.JobListAnswer);
}
