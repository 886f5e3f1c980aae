using System.CommandLine;
using System.CommandLine.Invocation;

namespace Registry.Server.Commands;

/// <summary>The help of a command: how it is called, what its parts are, and examples.</summary>
internal sealed class HelpText(SettingOptions settings) : SynchronousCommandLineAction
{
    private const int Width = 110;
    private const string SettingsHint =
        "Every setting is an option of every command, too: --storage-path for REGISTRY_STORAGE_PATH. 'registry --help' lists them.";

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        Write(parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output);
        return ExitCodes.Success;
    }

    private void Write(Command command, TextWriter output)
    {
        output.WriteLine($"Usage: {UsageOf(command)}");
        output.WriteLine();
        WriteWrapped(output, command.Description ?? string.Empty, 0);
        WriteSection(output, "Commands", command.Subcommands.Select(child => (child.Name, child.Description ?? string.Empty)));
        WriteSection(output, "Arguments", command.Arguments.Select(argument => (argument.Name, argument.Description ?? string.Empty)));
        WriteSection(output, "Options", command.Options.Where(option => !settings.Contains(option))
            .Select(option => (NameOf(option), option.Description ?? string.Empty)));
        if (command is RootCommand)
        {
            WriteSection(output, "Settings, as options and as environment variables; docs/configuration.md describes them", settings.Describe());
        }
        else
        {
            output.WriteLine();
            WriteWrapped(output, SettingsHint, 0);
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

    private static void WriteSection(TextWriter output, string title, IEnumerable<(string Name, string Text)> lines)
    {
        var all = lines.ToList();
        if (all.Count == 0)
        {
            return;
        }

        var indent = all.Max(line => line.Name.Length) + 4;
        output.WriteLine();
        output.WriteLine($"{title}:");
        foreach (var (name, text) in all)
        {
            output.Write($"  {name}".PadRight(indent));
            WriteWrapped(output, text, indent);
        }
    }

    private static void WriteWrapped(TextWriter output, string text, int indent)
    {
        var column = indent;
        foreach (var word in text.Split(' '))
        {
            if (column > indent && column + 1 + word.Length > Width)
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
