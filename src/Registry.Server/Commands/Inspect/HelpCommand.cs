using System.CommandLine;

namespace Registry.Server.Commands.Inspect;

/// <summary><c>registry help</c>: prints the help of the program, of a command, or of all settings.</summary>
internal static class HelpCommand
{
    /// <summary>The argument that selects the settings.</summary>
    public const string Settings = "settings";

    public static Command Create(CommandContext context, HelpText help)
    {
        var words = new Argument<string[]>("COMMAND")
        {
            Description = $"Command, such as 'user add', or '{Settings}' for all settings.",
            Arity = new ArgumentArity(0, 8),
        };
        words.CompletionSources.Add(completion => Root(completion.ParseResult).Subcommands.Select(command => command.Name).Append(Settings)
            .Select(word => new System.CommandLine.Completions.CompletionItem(word)));
        var command = new DescribedCommand(
            "help",
            "Print the help of the program, of a command, or of all settings.",
            "registry help",
            "registry help user add",
            $"registry help {Settings}")
        {
            words,
        };
        command.SetAction(parsed => Write(context, help, Root(parsed), parsed.GetValue(words) ?? []));
        return command;
    }

    private static Command Root(ParseResult parsed) => parsed.RootCommandResult.Command;

    private static int Write(CommandContext context, HelpText help, Command root, string[] words)
    {
        if (words is [Settings])
        {
            help.WriteSettings(context.Output);
            return ExitCodes.Success;
        }

        var found = root;
        foreach (var word in words)
        {
            if (found.Subcommands.FirstOrDefault(command => command.Name == word) is not { } next)
            {
                UsageFault.WriteUnknown(found, word, context.Error);
                return ExitCodes.Usage;
            }

            found = next;
        }

        help.Write(found, context.Output);
        return ExitCodes.Success;
    }
}
