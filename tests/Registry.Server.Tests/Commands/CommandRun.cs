using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Commands;

namespace Registry.Server.Tests.Commands;

/// <summary>A command that was run in the test process.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public static Task<CommandRun> OfAsync(params string[] arguments) => OfAsync(new Dictionary<string, string>(), arguments);

    /// <summary>A context for a command that is called directly.</summary>
    public static CommandContext Context(TextWriter output, TextWriter? error = null) =>
        new(new Dictionary<string, string>(), output, error ?? TextWriter.Null, _ => NullLoggerFactory.Instance);

    public static Task<CommandRun> OfAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        OfAsync(environment, Terminal.None, arguments);

    public static async Task<CommandRun> OfAsync(IReadOnlyDictionary<string, string> environment, Terminal terminal, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var context = new CommandContext(environment, output, error, _ => NullLoggerFactory.Instance, terminal);
        var exitCode = await CommandLine.RunAsync(arguments, context);
        return new CommandRun(exitCode, output.ToString(), error.ToString());
    }
}
