using System.CommandLine;
using System.CommandLine.Invocation;

namespace Registry.Server.Commands;

/// <summary>The help of a command: how it is called, what its parts are, and examples.</summary>
internal sealed class HelpText(SettingOptions settings, Terminal terminal) : SynchronousCommandLineAction
{
    private const string SettingsHint =
        "Every setting is an option of every command, too: --storage-path for REGISTRY_STORAGE_PATH. 'registry help settings' lists them.";

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
            WriteWrapped(output, "'registry help COMMAND' explains a command.", 0);
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

    /// <summary>Writes all settings.</summary>
    public void WriteSettings(TextWriter output)
    {
        WriteWrapped(
            output,
            "Settings are options of every command, environment variables, or entries of the file that --config names. The first of these that has "
            + "a value counts. Words may be in upper or lower case. docs/configuration.md says more.",
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
        var commands = command.Subcommands.Count == 0 ? string.Empty : command.Action is null ? " command" : " [command]";
        return $"{CommandLine.PathOf(command)}{commands} [options]{string.Concat(command.Arguments.Select(argument => $" {argument.Name}"))}";
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

        // Where long names would leave no room for the text, it begins on a line of its own.
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
