using System.CommandLine;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;
using Registry.Files;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Policies;

/// <summary><c>registry policy …</c>: what the rules about repositories say.</summary>
internal static class PolicyCommands
{
    public static Command Create(CommandContext context) => new DescribedCommand("policy", $"Check and explain the rules about repositories of {PolicyFile.Setting}, and run those about retention.")
    {
        CreateCheck(context),
        CreateExplain(context),
        RetentionCommands.CreatePreview(context),
        RetentionCommands.CreateRun(context),
    };

    private static DescribedCommand CreateCheck(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "The file." };
        var command = new DescribedCommand(
            "check",
            "Check a file of rules about repositories, and the keys that it names. Exits with 0 when it can be used, and with 1, and the line of the fault, when it cannot.",
            "registry policy check policy.json")
        {
            file,
        };
        command.SetAction(parsed => Check(context, parsed.GetRequiredValue(file)));
        return command;
    }

    private static DescribedCommand CreateExplain(CommandContext context)
    {
        var name = new Argument<string>("REPO[:TAG]") { Description = "A repository, which need not exist, or one of its tags." };
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "explain", "Tell which rules apply to a repository or a tag, and what they say.", "registry policy explain prod/app:v1.2.3", "registry policy explain ci/build --json")
        {
            name,
            json,
        };
        command.SetAction(parsed => context.WithSetting(
            parsed, PolicyFile.Setting, path => Explain(context, path, parsed.GetRequiredValue(name), parsed.GetValue(json))));
        return command;
    }

    private static int Check(CommandContext context, string path)
    {
        if (Read(path, out var fault) is not { } rules)
        {
            return context.Fail($"{path} cannot be used: {fault}");
        }

        context.Output.WriteLine($"{path} can be used: {Count.Of(rules.Rules.Count, "rule")}.");
        return ExitCodes.Success;
    }

    private static int Explain(CommandContext context, string? path, string name, bool isJson)
    {
        if (string.IsNullOrEmpty(path))
        {
            return context.Refuse($"{PolicyFile.Setting} is not set; set it to the path of the file with the rules");
        }

        if (!ImageReference.TryParseWithHost(name, out var image) || image.Reference is { Tag: null })
        {
            return context.Refuse($"'{name}' is neither a repository nor a tag, such as prod/app or prod/app:v1");
        }

        if (Read(path, out var fault) is not { } rules)
        {
            return context.Refuse($"{PolicyFile.Setting} {path} cannot be used: {fault}");
        }

        PolicyAnswer[] answers = [.. rules.Of(image.Repository).Select(rule => new PolicyAnswer(rule.Number, rule.Line, rule.Repository.Text, PolicyWords.Of(rule, image.Reference?.Tag)))];
        if (isJson)
        {
            ReportJson.Write(context.Output, answers, json => json.PolicyAnswerArray);
            return ExitCodes.Success;
        }

        foreach (var answer in answers)
        {
            foreach (var clause in answer.Says)
            {
                context.Output.WriteLine($"rule {answer.Rule} (line {answer.Line}: \"{answer.Repository}\"): {clause}");
            }
        }

        if (answers.Length == 0)
        {
            context.Output.WriteLine($"No rule matches {image.Repository}.");
        }

        return ExitCodes.Success;
    }

    private static PolicyRules? Read(string path, out string? fault)
    {
        fault = null;
        try
        {
            return PolicyFile.Read(path);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            fault = IoFault.Reason(e, path);
            return null;
        }
    }
}
