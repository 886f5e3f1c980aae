using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;

namespace Registry.Server.Commands.Inspect;

/// <summary>
/// Suggestions for a shell: commands, and values of arguments and options. Options are suggested only after a hyphen; those of the command
/// come before the many options of settings.
/// </summary>
internal sealed class Completions(RootCommand root, SettingOptions settings, Directive directive, TextWriter output) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var line = parseResult.Tokens.LastOrDefault(token => token.Type != System.CommandLine.Parsing.TokenType.Directive)?.Value ?? string.Empty;
        var asked = parseResult.GetResult(directive) is System.CommandLine.Parsing.DirectiveResult { Values: [var value, ..] } ? value : null;
        var position = int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, line.Length) : line.Length;
        var isOption = line[..position].Split(' ')[^1].StartsWith('-');
        var words = CommandLine.Parse(root, line).GetCompletions(position).Select(item => item.Label)
            .Where(word => word.StartsWith('-') == isOption)
            .OrderBy(settings.IsOption);
        foreach (var word in words)
        {
            output.WriteLine(word);
        }

        return ExitCodes.Success;
    }
}
