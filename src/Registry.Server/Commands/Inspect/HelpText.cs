using System.CommandLine;
using System.CommandLine.Invocation;

namespace Registry.Server.Commands.Inspect;

/// <summary>Help of a command: usage, subcommands, arguments, options and examples.</summary>
internal sealed class HelpText(SettingOptions settings, Terminal terminal) : SynchronousCommandLineAction
{
    private const string SettingsHint =
        "Every command also accepts every setting as an option, such as --storage-path for REGISTRY_STORAGE_PATH. 'registry help settings' lists the settings.";

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        Write(parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output);
        return ExitCodes.Success;
    }

    /// <summary>Writes the help of a command.</summary>
    public void Write(Command command, TextWriter output)
    {
        output.WriteLine($"Usage: {UsageOf(command)}");
        output.WriteLine();
        WriteWrapped(output, command.Description ?? string.Empty, 0);
        WriteSection(output, "Commands", command.Subcommands.Select(child => (child.Name, FirstSentence(child.Description ?? string.Empty))));
        WriteSection(output, "Arguments", command.Arguments.Select(argument => (argument.Name, argument.Description ?? string.Empty)));
        WriteSection(output, "Options", command.Options.Where(option => !settings.Contains(option))
            .Select(option => (NameOf(option), option.Description ?? string.Empty)));
        output.WriteLine();
        WriteWrapped(output, SettingsHint, 0);
        if (command is RootCommand)
        {
            WriteWrapped(output, "'registry help COMMAND' prints the help of a command.", 0);
        }

        if (command is DescribedCommand { Examples: { Count: > 0 } examples })
        {
            output.WriteLine();
            output.WriteLine("Examples:");
            foreach (var example in examples)
            {
                output.WriteLine($"  {example}");
            }
        }
    }

    /// <summary>Writes the help of all settings.</summary>
    public void WriteSettings(TextWriter output)
    {
        WriteWrapped(
            output,
            "A setting is an option of any command, an environment variable, or an entry of the file that --config names. The first of these that has "
            + "a value wins. Words are not case-sensitive. docs/configuration.md documents every setting.",
            0);
        foreach (var (option, text) in settings.Describe())
        {
            output.WriteLine();
            output.WriteLine($"  {option}");
            output.Write("      ");
            WriteWrapped(output, text, 6);
        }
    }

    private static string FirstSentence(string text) => text.IndexOf(". ", StringComparison.Ordinal) is >= 0 and var end ? text[..(end + 1)] : text;

    private static string UsageOf(Command command)
    {
        var commands = command.Subcommands.Count == 0 ? string.Empty : command.Action is null ? " COMMAND" : " [COMMAND]";
        var arguments = command.Arguments.Select(argument => argument.Arity.MinimumNumberOfValues == 0 ? $" [{argument.Name}]" : $" {argument.Name}");
        return $"{CommandLine.PathOf(command)}{commands} [options]{string.Concat(arguments)}";
    }

    private static string NameOf(Option option)
    {
        var names = string.Join(", ", option.Aliases.Prepend(option.Name));
        return option.ValueType == typeof(bool) || option.HelpName is null ? names : $"{names} {option.HelpName}";
    }

    private void WriteSection(TextWriter output, string title, IEnumerable<(string Name, string Text)> lines)
    {
        var all = lines.ToList();
        if (all.Count == 0)
        {
            return;
        }

        // When long names leave no room for the text, it begins on its own line.
        const int Narrow = 6;
        var widest = all.Max(line => line.Name.Length) + 4;
        var indent = widest <= terminal.TextColumns / 2 ? widest : Narrow;
        output.WriteLine();
        output.WriteLine($"{title}:");
        foreach (var (name, text) in all)
        {
            output.Write(indent == widest ? $"  {name}".PadRight(indent) : $"  {name}{output.NewLine}{new string(' ', indent)}");
            WriteWrapped(output, text, indent);
        }
    }

    private void WriteWrapped(TextWriter output, string text, int indent)
    {
        var column = indent;
        foreach (var word in text.Split(' '))
        {
            if (column > indent && column + 1 + word.Length > terminal.TextColumns)
            {
                output.WriteLine();
                output.Write(new string(' ', indent));
                column = indent;
            }

            output.Write(column > indent ? $" {word}" : word);
            column += word.Length + (column > indent ? 1 : 0);
        }

        output.WriteLine();
    }
}
