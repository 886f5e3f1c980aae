using System.CommandLine;
using Registry.Events.Configuration;
using Registry.Files;
using Registry.Server.Api;
using Registry.Server.Api.Events;
using Registry.Server.Commands.Maintain;
using Registry.Server.Commands.Remote;
using Registry.Server.Http;

namespace Registry.Server.Commands.Events;

/// <summary><c>registry events …</c>: the endpoints to which a running registry sends events, what became of the last ones, and sending some again.</summary>
internal static class EventCommands
{
    public static Command Create(CommandContext context) => new DescribedCommand(
        "events", "Show the endpoints to which a running registry sends events, and what became of the last ones; send some again; check the file of the endpoints.")
    {
        CreateStatus(context),
        CreateDeliveries(context),
        CreateReplay(context),
        CreateCheck(context),
    };

    private static DescribedCommand CreateStatus(CommandContext context)
    {
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "status", "Show each endpoint: whether it takes events, how many it has got, and how many were set aside.", "registry events status")
        {
            server,
            json,
        };
        command.SetAction((parsed, _) => RunningRegistry.AskAsync(context, parsed, parsed.GetValue(server), async registry =>
        {
            var answer = await registry.GetAsync("/api/v1/events", EventJson.Default.EndpointListAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, answer, json => json.EndpointListAnswer);
            }
            else
            {
                EventTable.Write(context.Output, answer);
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static DescribedCommand CreateDeliveries(CommandContext context)
    {
        var endpoint = CreateEndpoint();
        var setAside = new Option<bool>("--set-aside") { Description = "Only events that were given up after 3 days." };
        var limit = RemoteArguments.CreateLimit("Number of events that are shown, 1,000 at most.");
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "deliveries",
            "List the last events of an endpoint that were delivered or set aside, the newest first. Those that are tried again are not among them: see registry events status.",
            "registry events deliveries pipeline",
            "registry events deliveries pipeline --set-aside --json")
        {
            endpoint,
            setAside,
            limit,
            server,
            json,
        };
        command.SetAction((parsed, _) => RunningRegistry.AskAsync(context, parsed, parsed.GetValue(server), async registry =>
        {
            var state = parsed.GetValue(setAside) ? $"&state={DeliveryAnswer.SetAside}" : string.Empty;
            var answer = await registry.GetAsync(
                $"/api/v1/events/deliveries?endpoint={Uri.EscapeDataString(parsed.GetRequiredValue(endpoint))}{state}&n={parsed.GetValue(limit)}", EventJson.Default.DeliveryListAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, answer, json => json.DeliveryListAnswer);
            }
            else
            {
                EventTable.Write(context.Output, answer);
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static DescribedCommand CreateReplay(CommandContext context)
    {
        var endpoint = CreateEndpoint();
        var since = new Option<string>("--since") { HelpName = "TIME", Description = "The time with its offset from UTC, such as 2026-11-26T18:00Z.", Required = true };
        since.Validators.Add(result => RemoteArguments.Check(
            result, text => Rfc3339.TryParse(text, out _), $"is not a time with its offset from UTC; write it like {Rfc3339.Example}"));
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "replay",
            "Send what has happened since a time to an endpoint again, in order. It gets events that it had before, with the same ids.",
            "registry events replay pipeline --since 2026-11-26T18:00Z")
        {
            endpoint,
            since,
            server,
            json,
        };
        command.SetAction((parsed, _) => RunningRegistry.AskAsync(context, parsed, parsed.GetValue(server), async registry =>
        {
            var (name, time) = (Uri.EscapeDataString(parsed.GetRequiredValue(endpoint)), Uri.EscapeDataString(parsed.GetRequiredValue(since)));
            var answer = await registry.PostAsync(
                $"/api/v1/events/replay?endpoint={name}&since={time}", new EmptyBody(), EventJson.Default.EmptyBody, null, EventJson.Default.ReplayAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, answer, json => json.ReplayAnswer);
            }
            else
            {
                context.Output.WriteLine($"{RemoteMessage.Printable(answer.Endpoint)} gets the changes after position {answer.Position} again");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static DescribedCommand CreateCheck(CommandContext context)
    {
        var path = new Argument<string>("FILE") { Description = "The file, as REGISTRY_EVENTS_CONFIG names it." };
        var command = new DescribedCommand(
            "check", "Check a file of endpoints without a registry: the first fault with its line, and then the endpoints. Sends nothing.", "registry events check events.json")
        {
            path,
        };
        command.SetAction(parsed => context.CheckFile(
            parsed.GetRequiredValue(path),
            file => EventsConfigurationReader.Read(OperatorFile.Read(file), OperatorFile.FolderOf(file)),
            configuration => EventTable.Write(context.Output, configuration)));
        return command;
    }

    private static Argument<string> CreateEndpoint() => new("ENDPOINT") { Description = "Name of the endpoint in the file." };
}
