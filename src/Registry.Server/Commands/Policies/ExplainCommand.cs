using System.CommandLine;
using Registry.Core.Oci;
using Registry.Server.Api.Policies;
using Registry.Server.Commands.Maintain;
using Registry.Server.Commands.Remote;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Policies;

/// <summary>
/// <c>registry policy explain</c>: what the rules say about a repository, a tag or an image. A running registry tells what it has, too; without one, the file of the rules tells what it
/// says.
/// </summary>
internal static class ExplainCommand
{
    public static Command Create(CommandContext context)
    {
        var name = new Argument<string>("REPO[:TAG]") { Description = "A repository, which need not exist, one of its tags, or an image by its digest: team/app@sha256:…." };
        name.Validators.Add(result => RemoteArguments.Check(
            result, text => Parse(text) is not null, "is neither a repository nor an image; write it like prod/app, prod/app:v1 or prod/app@sha256:…"));
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "explain",
            "Tell which rules apply to a repository, a tag or an image, and why it may be pulled, moved and pushed, or not. Asks the registry that runs on the data folder; without one, "
                + "tells what the file of the rules says.",
            "registry policy explain prod/app:v1.2.3",
            "registry policy explain ci/build --json",
            "registry policy explain prod/app:v1.2.3 --server https://registry.example.com")
        {
            name,
            server,
            json,
        };
        command.SetAction((parsed, _) =>
        {
            var image = Parse(parsed.GetRequiredValue(name))!;
            return RunningRegistry.AskAsync(
                context,
                parsed,
                parsed.GetValue(server),
                async registry =>
                {
                    var answer = await registry.GetAsync($"/api/v1/policies/explain?image={Uri.EscapeDataString(image.ToString())}", PolicyJson.Default.PolicyAnswer);
                    return Write(context, image, answer, parsed.GetValue(json), isOfFile: false);
                },
                options => ExplainFile(context, options, image, parsed.GetValue(json)));
        });
        return command;
    }

    private static ImageReference? Parse(string text) => ImageReference.TryParseWithHost(text, out var image) ? image : null;

    private static int ExplainFile(CommandContext context, RegistryOptions options, ImageReference image, bool isJson) => options.PolicyConfig is null
        ? context.Refuse($"{PolicyFile.Setting} is not set; set it to the path of the file with the rules")
        : Write(context, image, PolicyAnswer.Of(image, PolicyFile.ReadRules(options)), isJson, isOfFile: true);

    private static int Write(CommandContext context, ImageReference image, PolicyAnswer answer, bool isJson, bool isOfFile)
    {
        if (isJson)
        {
            ReportJson.Write(context.Output, answer, json => json.PolicyAnswer);
            return ExitCodes.Success;
        }

        if (!isOfFile && image.Reference is { } reference && (reference.Tag is not null || answer.Digest is null))
        {
            context.Output.WriteLine(answer.Digest is { } digest ? $"{image} is {RemoteMessage.Printable(digest)}." : $"{image} is not in the registry.");
        }

        foreach (var rule in answer.Rules)
        {
            foreach (var clause in rule.Says)
            {
                context.Output.WriteLine($"rule {rule.Rule} (line {rule.Line}: \"{RemoteMessage.Printable(rule.Repository)}\"): {RemoteMessage.Printable(clause)}");
            }
        }

        if (answer.Rules.Count == 0)
        {
            context.Output.WriteLine($"No rule matches {image.Repository}.");
        }

        return ExitCodes.Success;
    }
}
