using System.CommandLine;
using Registry.Core.Errors;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Policies;

/// <summary><c>registry policy …</c>: what the rules about repositories say.</summary>
internal static class PolicyCommands
{
    public static Command Create(CommandContext context) => new DescribedCommand("policy", $"Check and explain the rules about repositories of {PolicyFile.Setting}, and run those about retention.")
    {
        CreateCheck(context),
        ExplainCommand.Create(context),
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
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(file);
            return context.CheckFile(path, PolicyFile.Read, rules => context.Output.WriteLine($"{path} can be used: {Count.Of(rules.Rules.Count, "rule")}."));
        });
        return command;
    }
}
