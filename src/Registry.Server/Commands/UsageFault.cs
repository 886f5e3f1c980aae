using System.CommandLine;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary>Message about wrong arguments, with a suggestion for misspelt words.</summary>
internal static class UsageFault
{
    public static void Write(ParseResult parsed, TextWriter error)
    {
        var command = parsed.CommandResult.Command;
        var path = CommandLine.PathOf(command);
        var message = parsed.UnmatchedTokens is [var first, ..] ? Unknown(command, path, first) : Incomplete(command, path) ?? Sentence(parsed);
        error.WriteLine($"registry: {message}{(message.EndsWith('?') ? string.Empty : ".")} See '{path} --help'.");
    }

    /// <summary>Reports an unknown command.</summary>
    public static void WriteUnknown(Command command, string word, TextWriter error)
    {
        var path = CommandLine.PathOf(command);
        error.WriteLine($"registry: {Unknown(command, path, word)}. See 'registry help'.".Replace("?.", "?", StringComparison.Ordinal));
    }

    private static string Unknown(Command command, string path, string word)
    {
        var isOption = word.StartsWith('-');
        if (!isOption && command.Subcommands.Count == 0)
        {
            return $"'{word}' is an extra argument for '{path}'";
        }

        var kind = isOption ? "option" : "command";
        var name = isOption ? word.Split('=')[0] : word;
        var known = isOption ? Options(command) : command.Subcommands.Select(child => child.Name);
        var meant = Spelling.Nearest(name, known) is { } nearest ? $"; did you mean '{nearest}'?" : string.Empty;
        return $"there is no {kind} '{(command is RootCommand || isOption ? name : $"{path["registry ".Length..]} {name}")}'{meant}";
    }

    private static string? Incomplete(Command command, string path) => command is { Action: null, Subcommands.Count: > 0 }
        ? $"'{path}' needs one of {string.Join(", ", command.Subcommands.Select(child => child.Name))}"
        : null;

    private static string Sentence(ParseResult parsed)
    {
        var message = parsed.Errors[0].Message.TrimEnd('.');
        return $"{char.ToLowerInvariant(message[0])}{message[1..]}";
    }

    private static IEnumerable<string> Options(Command command) => command.Options.Select(option => option.Name).Concat(
        command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive).Select(option => option.Name).Concat(Options(parent))));
}
