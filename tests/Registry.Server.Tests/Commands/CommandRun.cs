using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Commands;

namespace Registry.Server.Tests.Commands;

/// <summary>A command that was run in the test process.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public static Task<CommandRun> OfAsync(params string[] arguments) => OfAsync(new Dictionary<string, string>(), arguments);

    public static async Task<CommandRun> OfAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var context = new CommandContext(environment, output, error, _ => NullLoggerFactory.Instance);
        var exitCode = await CommandLine.RunAsync(arguments, context);
        return new CommandRun(exitCode, output.ToString(), error.ToString());
    }
}
