using System.CommandLine;
using Registry.Server.Api.Inventory;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Inventory;

/// <summary><c>registry inspect</c>: one manifest of a running registry.</summary>
internal static class InspectCommand
{
    public static Command Create(CommandContext context)
    {
        var image = new Argument<string>("IMAGE") { Description = "The image: repository:tag or repository@digest, with a host in front as docker writes it, or without. Without a tag: latest." };
        image.Validators.Add(result => RemoteArguments.Check(
            result, text => RemoteArguments.Parse(text) is not null, "does not name an image; write it like team/app:1.0 or registry.example.com/team/app@sha256:…"));
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "inspect",
            "Show one image of a running registry: what it is, its tags, what refers to it, and why it is kept. Uses the login of 'docker login'.",
            "registry inspect team/app:1.0",
            "registry inspect registry.example.com/team/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --json")
        {
            image,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetRequiredValue(image), parsed.GetValue(server), "pull", async (registry, asked) =>
        {
            var reference = asked!.Reference?.ToString() ?? RemoteArguments.UsualTag;
            var answer = await registry.GetAsync(
                $"/api/v1/manifests/show?repository={asked.Repository}&reference={Uri.EscapeDataString(reference)}", InventoryJson.Default.ManifestAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, answer, json => json.ManifestAnswer);
            }
            else
            {
                ManifestTable.Write(context.Output, answer);
            }

            return ExitCodes.Success;
        }));
        return command;
    }
}
