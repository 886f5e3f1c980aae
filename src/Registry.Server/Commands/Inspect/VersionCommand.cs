using System.CommandLine;
using System.CommandLine.Invocation;

namespace Registry.Server.Commands.Inspect;

/// <summary><c>registry version</c> and <c>registry --version</c>: print the version.</summary>
internal static class VersionCommand
{
    public static Command Create(CommandContext context)
    {
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand("version", "Print the version.", "registry version", "registry version --json") { json };
        command.SetAction(parsed => Write(context.Output, parsed.GetValue(json)));
        return command;
    }

    public static Option CreateOption(CommandContext context) =>
        new Option<bool>("--version", "-v") { Description = "Print the version.", Action = new PrintAction(context.Output) };

    private static int Write(TextWriter output, bool isJson)
    {
        if (isJson)
        {
            ReportJson.Write(output, new VersionAnswer(ProductVersion.Text), json => json.VersionAnswer);
        }
        else
        {
            output.WriteLine(ProductVersion.Text);
        }

        return ExitCodes.Success;
    }

    private sealed class PrintAction(TextWriter output) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult) => Write(output, isJson: false);
    }
}
