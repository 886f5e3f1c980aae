using System.CommandLine;

namespace Registry.Server.Commands.Policies;

/// <summary><c>registry policy …</c>: the rules about repositories.</summary>
internal static class PolicyCommands
{
    public static Command Create(CommandContext context) => new DescribedCommand("policy", "Show what the rules about repositories do, and run those about retention.")
    {
        RetentionCommands.CreatePreview(context),
        RetentionCommands.CreateRun(context),
    };
}
